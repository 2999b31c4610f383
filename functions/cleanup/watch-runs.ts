import { workflowIds } from '../shared/runs/run.ts';
import { watchRuns } from '../shared/runs/watch-runs.ts';
import { defineSchedule } from '../shared/schedule.ts';

export const handler = defineSchedule({
  summary: 'Look after runs that stand still, and take up those whose workflow has ended before them',
  schedule: 'rate(5 minutes)',
  providers: {},
  starts: Object.values(workflowIds),
  run: () => watchRuns(),
});
