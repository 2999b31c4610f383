import * as z from 'zod/mini';
import { callerOf } from '../shared/caller.ts';
import { defineCommand } from '../shared/command.ts';
import { documented } from '../shared/schema.ts';
import { readRoster } from './rosters/read-roster.ts';
import { rosterAnswer, rosterProvider, toRosterAnswer } from './rosters/roster.ts';
import { saveRoster } from './rosters/roster-store.ts';

export const handler = defineCommand({
  summary: 'Upload the roster of a provider: the ids of everybody who is to keep an account',
  description:
    'Replaces the roster before it, whole or not at all. `x-row-count` must tell how many rows follow the header, so ' +
    'that a file that lost its end is refused. Cleanups take an account that is not on the roster for one of a leaver.',
  route: 'PUT /rosters/{provider}',
  effect: 'update',
  providers: {},
  headers: ['x-row-count'],
  csvBody: 'csv',
  maxBodyMiB: 4,
  input: z.strictObject({
    provider: rosterProvider,
    'x-row-count': documented(
      z.string().check(z.regex(/^\d{1,9}$/, { error: 'must be the number of rows below the header' })),
      { description: 'The number of rows below the header', example: '3' },
    ),
    csv: documented(z.string(), {
      description: 'One column, `userid`, with the ids of the provider; UTF-8',
      example: 'userid\nzhangsan\nlisi\nwangwu\n',
    }),
  }),
  output: rosterAnswer,
  run: async ({ provider, csv, 'x-row-count': count }, _clients, { event }) => {
    const ids = readRoster(provider, csv, Number(count));
    return toRosterAnswer(provider, await saveRoster(provider, ids, callerOf(event)));
  },
});
