import * as z from 'zod/mini';
import { ledgerEntry, readLedger } from '../shared/ledger.ts';
import { cursorQuery, listOf } from '../shared/list.ts';
import { defineOperation } from '../shared/operation.ts';
import { documented } from '../shared/schema.ts';

export const handler = defineOperation({
  summary: 'List what was done to an account, newest first',
  route: 'GET /ledger',
  effect: 'read',
  providers: {},
  input: z.strictObject({
    subject: documented(
      z.string().check(
        z.regex(/^(wecom|dingtalk|wibiclick):[^\s\p{Cc}]{1,128}$/u, {
          error: 'must be <provider>:<id>, such as wecom:lisi',
        }),
      ),
      { example: 'wecom:lisi' },
    ),
    ...cursorQuery,
  }),
  output: listOf(ledgerEntry),
  // WeCom ignores case in its ids.
  run: ({ subject, ...page }) => readLedger(subject.startsWith('wecom:') ? subject.toLowerCase() : subject, page),
});
