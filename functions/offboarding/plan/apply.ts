import { clock } from '../../shared/clock.ts';
import { applyRun } from '../../shared/runs/apply-run.ts';
import type { Run } from '../../shared/runs/run.ts';
import type { OffboardingFacts } from '../accounts/account.ts';
import type { OffboardingClients } from '../accounts/clients.ts';
import { adviseWecom } from '../accounts/wecom.ts';
import type { OffboardingRequest } from '../request/request.ts';
import { draftOffboarding } from './plan.ts';

/** Applies the plan of an offboarding that the digest names. @throws OperationError as `applyRun` does */
export const applyOffboarding = (
  run: Run<OffboardingRequest, OffboardingFacts>,
  { caller, digest }: { caller: string; digest: string },
  clients: OffboardingClients,
): Promise<Run> =>
  applyRun({
    run,
    caller,
    digest,
    draft: (request, plannedAt) => draftOffboarding(request, clients, plannedAt),
    advise: (request) => adviseWecom(request, clients.wecom),
    statusAfter: ({ effectiveAt = 0 }) => (effectiveAt > clock.now() ? 'scheduled' : 'disabling'),
  });
