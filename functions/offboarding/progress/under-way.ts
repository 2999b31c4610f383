import { clock } from '../../shared/clock.ts';
import type { Run } from '../../shared/runs/run.ts';
import { listRuns } from '../../shared/runs/run-store.ts';
import type { OffboardingFacts } from '../accounts/account.ts';

type Offboarding = Run<object, OffboardingFacts>;

const pageSize = 100;

/** Offboardings that are not over: those that wait for a person who looks at them are among them. */
export async function* offboardingsUnderWay(): AsyncGenerator<Offboarding> {
  let cursor: string | null | undefined;
  do {
    const page = await listRuns<Offboarding>('offboarding', { limit: pageSize, ...(cursor && { cursor }) });
    yield* page.items.filter((run) => !isOver(run));
    cursor = page.cursor;
  } while (cursor);
}

const isOver = ({ status, expiresAt }: Offboarding): boolean =>
  status === 'completed' ||
  status === 'cancelled' ||
  ((status === 'planned' || status === 'held') && clock.now() > expiresAt);
