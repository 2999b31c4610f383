import * as z from 'zod/mini';
import type { Outside, Send } from './outside.ts';
import { errorCode } from './problem.ts';
import { documented } from './schema.ts';

export const finding = z.object({
  code: errorCode,
  severity: documented(z.enum(['error', 'warning']), {
    description: 'A warning concerns a part that may not be wanted, or that no reading call can show',
  }),
  what: z.string(),
  fix: z.string(),
  verified: documented(z.optional(z.literal('unverified')), {
    description: 'It may be in order: only a write would show it',
  }),
});
export type Finding = z.infer<typeof finding>;

/** One thing that is tried, with reading calls only. */
export interface Check {
  name: string;
  /** The key of the secret, or another word, for what every check with it needs. */
  credential: string;
  /** @throws OperationError which becomes the finding */
  run(): Promise<unknown>;
  /** The one route that a refusal for lack of rights takes away; it is a warning then. */
  onlyFor?: string;
}

/** A key that a secret may lack. */
export interface OptionalKey {
  key: string;
  /** What does not work without it. */
  loses: string;
}

/** What the doctor must know of one provider. */
export interface Examination<Secret> {
  provider: string;
  schema: z.ZodMiniType<Secret>;
  optionalKeys: OptionalKey[];
  /** In the order in which they run. `watched` makes of the usual way to send what the provider's API shall stand on. */
  checks(values: Secret, watched: (send: Send) => Outside<Secret>): Check[];
  /** What no reading call shows; told when all else is in order. */
  blindSpots: Finding[];
}
