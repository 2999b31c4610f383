import * as z from 'zod/mini';
import { documented } from './schema.ts';

/** What every single write answers: our words, whether they were confirmed, and the provider's own answer. */
export const writeAnswer = <Provider extends string, Outcome extends string, Ids extends Record<string, z.ZodMiniType>>(
  provider: Provider,
  ids: Ids,
  ...outcomes: Outcome[]
) =>
  z.object({
    provider: z.literal(provider),
    ...ids,
    outcome: z.literal(outcomes),
    verified: documented(z.union([z.literal(true), z.literal('unverified')]), {
      description: 'true: read back from the provider. "unverified": see reason.',
    }),
    reason: z.optional(z.string()),
    response: documented(z.nullable(z.record(z.string(), z.unknown())), {
      description: "The provider's own answer; null when it was lost and the effect was read back.",
    }),
    warnings: z.array(z.string()),
  });
