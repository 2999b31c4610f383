import { type Reservation, reserve } from './budget.ts';
import { protectedEnv } from './env-names.ts';
import { OperationError } from './errors.ts';
import { refuseHalted } from './halt.ts';

export interface Passage {
  /** Whether the write takes access away from somebody, which the budget counts. */
  removesAccess: boolean;
  /** Gives access back, as a cancelled run does, and is let through whatever is halted. */
  evenHalted?: boolean;
  /** Somebody has approved exactly this: it is counted, but no number holds it back. */
  approved?: boolean;
}

/**
 * Lets a write through unless everything is halted, and reserves a removal in the budget of the last 24 hours before
 * it is sent.
 * @returns the reservation, to be given back when the write was not applied
 * @throws OperationError `halted`, `fence_tripped`, `store_unavailable`
 */
export async function passFence(provider: string, passage: Passage): Promise<Reservation | undefined> {
  if (!passage.evenHalted) await refuseHalted();
  if (!passage.removesAccess) return undefined;
  return reserve(provider, { count: 1, ...(passage.approved && { approved: true }) });
}

/** @throws OperationError `protected` when the setting lists this id, ignoring case */
export function refuseProtected(provider: string, id: string): void {
  for (const refusal of protection(provider, id)) throw refusal;
}

/** @returns the refusal when the setting `protected` lists this id, ignoring case; else nothing */
export function protection(provider: string, id: string): OperationError[] {
  const listed = (process.env[protectedEnv(provider)] ?? '').toLowerCase().split(' ');
  return listed.includes(id.toLowerCase()) ? [protectedAccount(provider, id, 'the setting `protected` lists it')] : [];
}

export const protectedAccount = (provider: string, id: string, why: string): OperationError =>
  new OperationError('protected', `${id} must not be removed: ${why}`, {
    provider: { name: provider },
    fix: 'If this account shall really go, remove what protects it first, or do it in the console of the provider.',
  });
