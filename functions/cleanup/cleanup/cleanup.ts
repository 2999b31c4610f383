import * as z from 'zod/mini';
import type { Run } from '../../shared/runs/run.ts';
import { documented } from '../../shared/schema.ts';
import { type Mode, mode, type Policy, policy } from '../policies/settings.ts';
import { rosterProvider } from '../rosters/roster.ts';

/** What `POST /cleanups` takes. */
export const cleanupRequest = documented(
  z.strictObject({
    policy,
    provider: documented(z.optional(rosterProvider), {
      description: 'Where accounts are looked for; wherever the policy can, unless given',
    }),
    mode: documented(z.optional(mode), {
      description: '`apply` makes a job of what is found; as the setting `policies` says, unless given',
    }),
  }),
  { example: { policy: 'roster', provider: 'wecom', mode: 'report' } },
);
export type CleanupRequest = z.output<typeof cleanupRequest>;

/** What a cleanup was started with. */
export interface CleanupFacts {
  policy: Policy;
  mode: Mode;
  disabledDays: number;
}

export type Cleanup = Run<CleanupRequest, CleanupFacts>;
