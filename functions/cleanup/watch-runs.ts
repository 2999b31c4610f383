import { watchRuns } from '../shared/runs/watch-runs.ts';
import { defineSchedule } from '../shared/schedule.ts';

export const handler = defineSchedule({
  summary: 'Look after runs that stand still, and take up those whose workflow has ended before them',
  schedule: 'rate(5 minutes)',
  providers: {},
  starts: ['offboarding/run-offboarding', 'onboarding/run-onboarding'],
  run: () => watchRuns(),
});
