import { clock } from '../shared/clock.ts';
import { iso } from '../shared/runs/run.ts';
import { defineSchedule } from '../shared/schedule.ts';
import { startCleanup } from './cleanup/start.ts';
import { policy } from './policies/settings.ts';

export const handler = defineSchedule({
  summary: 'Start a cleanup of each policy, in the mode that its setting says',
  // 02:17 in China, where it is night; DingTalk is at its busiest on the full hour.
  schedule: 'cron(17 18 * * ? *)',
  providers: {},
  starts: ['cleanup/run-cleanup'],
  run: async () => {
    const day = iso(clock.now()).slice(0, 10);
    // One for each day and policy, however often the scheduler tries.
    const started = await Promise.all(
      policy.options.map((name) => startCleanup({ policy: name }, 'schedule:sweep', `sweep#${day}/${name}`)),
    );
    return { started: started.map(({ id }) => id) };
  },
});
