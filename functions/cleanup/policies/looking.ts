import type { StepEnd } from '../../shared/runs/perform-step.ts';
import type { RosterProvider } from '../rosters/roster.ts';
import type { CleanupClients } from './clients.ts';

/** Where a policy looks for accounts. */
export interface Looking {
  provider: RosterProvider;
  clients: CleanupClients;
  /** Those among whom it looks. @throws OperationError when they cannot be read whole */
  accounts(): Promise<string[]>;
  /** For how many days a member is to have been disabled. */
  disabledDays: number;
}

/** The accounts that were found, as the provider spells their ids; or why nobody was looked for. */
export type Looked = { ids: string[]; warnings?: string[] } | Extract<StepEnd, { status: unknown }>;

/**
 * Looks for accounts that are to go.
 * @throws OperationError when a source cannot be read whole: then nobody is found
 */
export type Look = (looking: Looking) => Promise<Looked>;
