import { callerOf } from '../shared/caller.ts';
import { clock } from '../shared/clock.ts';
import { defineCommand } from '../shared/command.ts';
import { cleanupAnswer, toAnswer } from './cleanup/answer.ts';
import { cleanupRequest } from './cleanup/cleanup.ts';
import { startCleanup } from './cleanup/start.ts';

export const handler = defineCommand({
  summary: 'Look for accounts that are to go, and report them or remove them by a job',
  description:
    'Begins at once, with a step for each provider. `roster` finds who is not on the roster of the provider, `wecom-disabled` members whom a call or a job disabled so many days ago, `dingtalk-dismissed` people whom HR dismissed, in the other providers. A source that is not whole, or a roster older than 36 hours, finds nobody. A `mode` in the request wins over the setting: the job goes through the same plan, fence and approval as any other.',
  route: 'POST /cleanups',
  effect: 'create',
  status: 202,
  starts: ['cleanup/run-cleanup'],
  providers: {},
  input: cleanupRequest,
  output: cleanupAnswer,
  run: async (request, _clients, { event, storedKey }) =>
    toAnswer(await startCleanup(request, callerOf(event), storedKey), clock.now()),
});
