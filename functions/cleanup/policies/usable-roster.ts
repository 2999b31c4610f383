import { clock } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import type { RosterProvider } from '../rosters/roster.ts';
import { loadRoster, type Roster } from '../rosters/roster-store.ts';
import type { Looked } from './looking.ts';

const hourMs = 3_600_000;
/** A roster of yesterday, and half a day for an upload that is late. */
const usableHours = 36;
/** As old as a list may be when it is uploaded, too: nobody tells when it was drawn up. */
export const usableMs = usableHours * hourMs;

/**
 * The roster, if it can tell who has left.
 * @returns undefined when none was uploaded
 * @throws OperationError `conflict` when it is empty, too old, or not whole
 */
export async function usableRoster(provider: RosterProvider): Promise<Roster | undefined> {
  const roster = await loadRoster(provider);
  if (!roster) return undefined;
  if (roster.ids.size === 0) throw unusable(provider, 'is empty');
  const hours = Math.floor((clock.now() - roster.uploadedAt) / hourMs);
  if (hours >= usableHours) throw unusable(provider, `is ${hours} hours old, and who joined since is not on it`);
  return roster;
}

export const noRoster = (provider: RosterProvider): Looked => ({
  status: 'skipped',
  reason: `no roster of ${provider} was uploaded; nobody was looked for`,
});

const unusable = (provider: RosterProvider, why: string): OperationError =>
  new OperationError('conflict', `the roster of ${provider} ${why}; nobody was looked for`, {
    fix: `Upload it again with PUT /rosters/${provider}.`,
  });
