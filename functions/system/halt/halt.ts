import * as z from 'zod/mini';
import type { Halt } from '../../shared/halt.ts';

export const haltAnswer = z.object({
  halted: z.boolean(),
  reason: z.optional(z.string()),
  by: z.optional(z.string()),
  at: z.optional(z.string()),
});

export const toHaltAnswer = (halt: Halt | undefined): z.infer<typeof haltAnswer> =>
  halt ? { halted: true, reason: halt.reason, by: halt.by, at: new Date(halt.at).toISOString() } : { halted: false };
