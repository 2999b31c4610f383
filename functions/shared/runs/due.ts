import type { Step } from './run.ts';
import type { Progress } from './workflow.ts';

/** Which of these open steps are due, where none waits for another; and when the next one is. */
export function dueOf(open: [id: string, step: Step][], now: number): Pick<Progress, 'due' | 'wakeAt'> {
  const times = open.map(([, { dueAt = 0 }]) => dueAt).filter((time) => time > now);
  const due = open.filter(([, { dueAt = 0 }]) => dueAt <= now).map(([id]) => id);
  return { due, ...(times.length > 0 && { wakeAt: Math.min(...times) }) };
}
