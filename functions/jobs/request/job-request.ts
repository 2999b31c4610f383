import * as z from 'zod/mini';
import { invalidInput } from '../../shared/errors.ts';
import { documented } from '../../shared/schema.ts';
import { onError } from '../job/job.ts';
import type { GivenRows } from './rows.ts';

export const jobRequest = documented(
  z.strictObject({
    operation: documented(z.string(), {
      description: 'A write of one account, by the name of its file',
      example: 'wecom/delete-user',
    }),
    onError: z._default(onError, 'continue'),
    items: z.optional(z.array(z.unknown())),
    csv: z.optional(z.string()),
  }),
  { example: { operation: 'wecom/delete-user', items: [{ userid: 'zhangsan' }], onError: 'continue' } },
);

/** @throws OperationError `invalid_input` when there are no rows, or both kinds of them */
export function rowsGivenIn({ items, csv }: z.output<typeof jobRequest>): GivenRows {
  if (csv !== undefined && items) throw invalidInput([{ path: 'items', message: 'must not be given beside csv' }]);
  if (csv !== undefined) return { csv };
  if (items) return { items };
  throw invalidInput([{ path: 'items', message: 'is required, unless the body is text/csv' }]);
}
