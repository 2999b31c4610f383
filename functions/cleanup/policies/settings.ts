import * as z from 'zod/mini';
import { env } from '../../shared/env-names.ts';

export const policy = z.enum(['roster', 'wecom-disabled', 'dingtalk-dismissed']);
export type Policy = z.infer<typeof policy>;

export const mode = z.enum(['report', 'apply']);
export type Mode = z.infer<typeof mode>;

/** The mode of each policy, and for how many days a member is to have been disabled. */
export type PolicySettings = Record<Policy, Mode> & { disabledDays: number };

/** Set by the stack; the defaults are those of the README. */
export const policySettings = (): PolicySettings => ({
  roster: 'report',
  'wecom-disabled': 'report',
  'dingtalk-dismissed': 'report',
  disabledDays: 30,
  ...JSON.parse(process.env[env.policies] ?? '{}'),
});
