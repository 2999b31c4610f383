import { dueOf } from '../../shared/runs/due.ts';
import { hasEnded, stepsOf } from '../../shared/runs/run.ts';
import type { Progress } from '../../shared/runs/workflow.ts';
import type { Cleanup } from './cleanup.ts';

/** What a cleanup does now: it looks at all providers side by side. */
export function cleanupProgress(cleanup: Cleanup, now: number): Progress {
  const steps = stepsOf(cleanup);
  const open = steps.filter(([, step]) => !hasEnded(step));
  if (open.length > 0) return { status: 'running', ...dueOf(open, now) };
  const needsAttention = steps.some(([, { status }]) => status === 'needs_attention');
  return { status: needsAttention ? 'needs_attention' : 'completed', due: [] };
}
