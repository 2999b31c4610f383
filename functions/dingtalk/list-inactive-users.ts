import * as z from 'zod/mini';
import { clock } from '../shared/clock.ts';
import { listOf, pageQuery } from '../shared/list.ts';
import { defineOperation } from '../shared/operation.ts';
import { documented } from '../shared/schema.ts';
import { dingtalkLists } from './client/lists.ts';
import { userid } from './client/user.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** `yyyyMMdd` of a moment in China (UTC+8). */
const chinaDate = (ms: number): string => new Date(ms + 8 * hourMs).toISOString().slice(0, 10).replaceAll('-', '');

/** The data of a day is complete at 09:00 of the next, and kept for a month (page section 9.1). */
const isComplete = (date: string): boolean => date <= chinaDate(clock.now() - 9 * hourMs - dayMs);
const isKept = (date: string): boolean => date >= chinaDate(clock.now() - 31 * dayMs);

const isDate = (date: string): boolean => {
  const midnight = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3T00:00:00+08:00'));
  return !Number.isNaN(midnight) && chinaDate(midnight) === date;
};

export const handler = defineOperation({
  summary: 'List the ids of DingTalk users who did not sign in on a day',
  description: 'It tells of that one day, not of a last sign-in: who is on leave looks like who has left.',
  route: 'GET /dingtalk/inactive-users',
  effect: 'read',
  providers: { dingtalk: dingtalkLists },
  input: z.strictObject({
    date: documented(
      z.string().check(
        z.refine(isDate, { error: 'must be a date of the form yyyyMMdd', abort: true }),
        z.refine(isComplete, {
          error: 'is too late: the data of a day is complete at 09:00 (China) of the next day',
        }),
        z.refine(isKept, { error: 'is too early: DingTalk looks back one month' }),
      ),
      { pattern: '^\\d{8}$', description: 'The day in China, as yyyyMMdd' },
    ),
    ...pageQuery,
  }),
  output: listOf(z.object({ userid })),
  run: ({ date, ...page }, { dingtalk }) => dingtalk.inactiveUsers(date, page),
});
