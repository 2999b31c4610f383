import { env } from '../env-names.ts';

export interface RunSettings {
  /** `four-eyes`: a plan is applied only after somebody else has approved it. */
  approval: 'none' | 'four-eyes';
  /** Days between disabling and removing, unless a request says otherwise. */
  graceDays: number;
  /** How long a plan can be applied. */
  planHours: number;
}

/** Set by the stack; the defaults are those of the README. */
export const runSettings = (): RunSettings => ({
  approval: 'none',
  graceDays: 30,
  planHours: 24,
  ...JSON.parse(process.env[env.runs] ?? '{}'),
});
