import { endedWell, hasEnded, type RunStatus, type Step, type Steps, stepsOf } from '../../shared/runs/run.ts';
import type { Progress } from '../../shared/runs/workflow.ts';
import { type OffboardingRun, type ProviderName, providers } from '../accounts/account.ts';
import { dingtalkRestore } from '../accounts/dingtalk.ts';
import { wecomRestore } from '../accounts/wecom.ts';
import { wibiclickRestore } from '../accounts/wibiclick.ts';

const dayMs = 86_400_000;

/**
 * What an offboarding does now: wait for its time, disable everywhere, wait out the grace, remove, hand over, verify. An
 * account whose steps fail keeps no other waiting, and nothing is removed that was not disabled as planned before.
 */
export function offboardingProgress(run: OffboardingRun, now: number): Progress {
  if (run.status === 'cancelling') return cancelling(run, now);
  const { effectiveAt } = run;
  if (effectiveAt !== undefined && now < effectiveAt) return { status: 'scheduled', due: [], wakeAt: effectiveAt };

  const timed = removalTimes(run);
  const steps = { ...run.steps, ...timed };
  const alive = run.stepOrder.filter((id) => isAlive(steps, id));
  const due = alive.filter((id) => isRunnable(steps, id) && (steps[id]?.dueAt ?? 0) <= now);
  const times = alive.flatMap((id) => steps[id]?.dueAt ?? []).filter((time) => time > now);
  return {
    status: statusOf(run, steps, { alive, due }),
    due,
    ...(times.length > 0 && { wakeAt: Math.min(...times) }),
    steps: timed,
  };
}

function statusOf(run: OffboardingRun, steps: Steps, { alive, due }: { alive: string[]; due: string[] }): RunStatus {
  const some = (ids: string[], ...actions: string[]) => ids.some((id) => actions.includes(steps[id]?.action ?? ''));
  const hasBegunRemoving = run.removingAt !== undefined && some(alive, 'snapshot', 'disable', 'remove');
  if (hasBegunRemoving || some(due.filter(deletes), 'remove')) return 'removing';
  if (some(alive, 'snapshot', 'disable')) return 'disabling';
  if (some(alive, 'remove')) return 'grace';
  if (some(alive, 'handover')) return 'handing_over';
  if (some(alive, 'verify')) return 'verifying';
  return Object.values(steps).some(({ status }) => status === 'needs_attention') ? 'needs_attention' : 'completed';
}

/** What was disconnected from WibiClick can be connected again: its removal only reads. */
const deletes = (id: string): boolean => id !== 'wibiclick.remove';

/** Neither ended, nor kept for ever by a step that needs a person. */
function isAlive(steps: Steps, id: string): boolean {
  const step = steps[id];
  if (!step || hasEnded(step)) return false;
  return step.after.every((before) => isAlive(steps, before) || isDone(steps[before]));
}

const isDone = (step: Step | undefined): boolean => step !== undefined && endedWell(step);

const isRunnable = (steps: Steps, id: string): boolean => {
  const { after = [], waitsFor = [], follows = [] } = steps[id] ?? {};
  return (
    after.every((before) => isDone(steps[before])) &&
    waitsFor.every((before) => !isAlive(steps, before)) &&
    follows.every((before) => !isAlive(steps, before) || steps[before]?.failingSince !== undefined)
  );
};

/** An account is removed its grace after it was disabled; one that cannot be disabled, its grace after the beginning. */
function removalTimes({ steps, facts, startedAt = 0, effectiveAt = 0 }: OffboardingRun): Steps {
  const beginning = Math.max(startedAt, effectiveAt);
  const timed = providers.flatMap((provider): [string, Step][] => {
    const disable = steps[`${provider}.disable`];
    const remove = steps[`${provider}.remove`];
    if (!disable || !remove || !endedWell(disable) || remove.dueAt !== undefined || remove.status !== 'pending')
      return [];
    const dueAt = (disable.endedAt ?? beginning) + (facts.graceDays[provider] ?? 0) * dayMs;
    return [[`${provider}.remove`, { ...remove, dueAt }]];
  });
  return Object.fromEntries(timed);
}

const restores: Record<ProviderName, (run: OffboardingRun) => Step> = {
  wecom: wecomRestore,
  dingtalk: dingtalkRestore,
  wibiclick: wibiclickRestore,
};

/** Nothing new is begun; what was taken away, or may have been, is given back. */
function cancelling(run: OffboardingRun, now: number): Progress {
  const given = run.stepOrder.filter((id) => run.steps[id]?.action === 'restore');
  const stopped = stepsOf(run).flatMap(([id, step]): [string, Step][] =>
    hasEnded(step) || step.action === 'restore'
      ? []
      : [[id, { ...step, status: 'skipped', reason: 'the run was cancelled' }]],
  );
  const added = providers.flatMap((provider): [string, Step][] => {
    const id = `${provider}.restore`;
    const wasStarted = run.steps[`${provider}.disable`]?.startedAt !== undefined;
    return wasStarted && !given.includes(id) ? [[id, restores[provider](run)]] : [];
  });
  const steps: Steps = Object.fromEntries([...stopped, ...added]);
  const all = { ...run.steps, ...steps };
  const open = Object.entries(all).filter(([, step]) => step.action === 'restore' && !hasEnded(step));
  const due = open.filter(([, { dueAt = 0 }]) => dueAt <= now).map(([id]) => id);
  const times = open.flatMap(([, { dueAt = 0 }]) => (dueAt > now ? [dueAt] : []));
  const failed = Object.values(all).some(({ action, status }) => action === 'restore' && status === 'needs_attention');
  const ended = failed ? 'needs_attention' : 'cancelled';
  return {
    status: open.length > 0 ? 'cancelling' : ended,
    due,
    ...(times.length > 0 && { wakeAt: Math.min(...times) }),
    steps,
  };
}
