import * as z from 'zod/mini';
import { clock } from './clock.ts';

const dayMs = 86_400_000;
const oldestMs = 7 * dayMs;
/** How far the clock of the sender may go ahead of ours. */
const aheadMs = 5 * 60_000;

/** What the detail of every event from HR holds. */
export const eventFields = {
  eventId: z
    .string()
    .check(z.regex(/^[\w.:-]{1,128}$/, { error: 'must be 1 to 128 of the characters A-Z a-z 0-9 _ . : -' })),
  occurredAt: z.iso
    .datetime({ offset: true, error: 'must be a time with its offset, such as 2027-03-26T18:00:00+08:00' })
    .check(
      z.refine((text) => Date.parse(text) > clock.now() - oldestMs, { error: 'is older than 7 days' }),
      z.refine((text) => Date.parse(text) < clock.now() + aheadMs, { error: 'lies in the future' }),
    ),
  /** Who it is, in any form. It is neither used nor kept. */
  person: z.union([z.string(), z.looseObject({})], { error: 'must be a text or an object' }),
};

/** Who an event from HR acts as. */
export const hr = 'event:hr';
