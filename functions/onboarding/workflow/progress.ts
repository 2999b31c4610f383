import { dueOf } from '../../shared/runs/due.ts';
import { hasEnded, type Step, type Steps, stepsOf } from '../../shared/runs/run.ts';
import type { Progress } from '../../shared/runs/workflow.ts';
import { type OnboardingRun, undoStep } from './steps.ts';

/** What an onboarding does now: make all accounts side by side; and if one fails and that is wanted, take the others back. */
export function onboardingProgress(run: OnboardingRun, now: number): Progress {
  const steps = stepsOf(run);
  const undos = steps.filter(([, { action }]) => action === 'undo');
  const open = steps.filter(([, step]) => !hasEnded(step));
  if (open.length > 0) return { status: undos.length > 0 ? 'cancelling' : 'running', ...dueOf(open, now) };
  if (undos.length > 0) return { status: some(undos, 'needs_attention') ? 'needs_attention' : 'cancelled', due: [] };
  if (!some(steps, 'needs_attention')) return { status: 'completed', due: [] };
  if (run.facts.onFailure === 'keep') return { status: 'needs_attention', due: [] };
  const added: Steps = Object.fromEntries(steps.map(([id, step]) => [id.replace('.create', '.undo'), undoStep(step)]));
  return { status: 'cancelling', due: Object.keys(added), steps: added };
}

type Entries = [id: string, step: Step][];

const some = (steps: Entries, status: Step['status']): boolean => steps.some(([, step]) => step.status === status);
