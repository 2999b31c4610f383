import * as z from 'zod/mini';
import { documented } from './schema.ts';

const maxLimit = 1_000;

const cursorOf = (pattern: RegExp) =>
  documented(z.optional(z.string().check(z.regex(pattern, { error: 'must be the cursor of the page before' }))), {
    description: 'The cursor of the page before',
  });

const limits = `must be a whole number from 1 to ${maxLimit.toLocaleString('en')}`;
const limit = documented(
  z._default(
    z.coerce.number({ error: limits }).check(z.int(limits), z.minimum(1, limits), z.maximum(maxLimit, limits)),
    100,
  ),
  { minimum: 1, maximum: maxLimit },
);

/** The query of a list whose cursor somebody else makes. */
export const cursorQuery = { cursor: cursorOf(/^[\x21-\x7e]{1,1024}$/), limit };

/** The query of a list that is read whole and given out in pages; its cursor is an offset. */
export const pageQuery = { cursor: cursorOf(/^\d+$/), limit };

/** The answer of every list. */
export const listOf = <Item extends z.ZodMiniType>(item: Item) =>
  z.object({
    items: z.array(item),
    cursor: documented(z.nullable(z.string()), { description: 'null on the last page' }),
  });

interface Page {
  cursor?: string | undefined;
  limit: number;
}

export function pageOf<Item>(all: Item[], { cursor, limit }: Page): { items: Item[]; cursor: string | null } {
  const start = Number(cursor ?? 0);
  const end = start + limit;
  return { items: all.slice(start, end), cursor: end < all.length ? String(end) : null };
}
