import { publishEvents } from '../shared/publish-events.ts';
import { defineSchedule } from '../shared/schedule.ts';

export const handler = defineSchedule({
  summary: 'Tell the event bus what was done to members, what became of runs, and what the fence stopped',
  schedule: 'rate(1 minute)',
  providers: {},
  publishes: true,
  // A job of 10,000 members is told within the minute.
  size: { seconds: 55, megabytes: 1_024 },
  run: (_clients, deadline) => publishEvents(deadline),
});
