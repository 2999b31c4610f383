import { absent, epochSeconds, equals, type Item, store } from './store.ts';

/** What every function knows of one provider credential. Times are epoch milliseconds. */
export interface CredentialState {
  token?: string;
  expiresAt: number;
  /** Until then nobody calls: the provider has banned us, or refused the secret too often. */
  pausedUntil: number;
  /** Refusals of the secret since it last worked. */
  failures: number;
  /** Until then one function fetches a token, and the others wait for it. */
  refreshingUntil: number;
  /** Grows with every change; 0 before the first. */
  version: number;
}

export const unknownCredential: CredentialState = {
  expiresAt: 0,
  pausedUntil: 0,
  failures: 0,
  refreshingUntil: 0,
  version: 0,
};

const keptMs = 2 * 86_400_000;
const keyOf = (key: string) => ({ pk: `credential#${key}`, sk: 'state' });

export async function loadCredential(key: string): Promise<CredentialState> {
  return (await store.get<Item & CredentialState>(keyOf(key))) ?? unknownCredential;
}

/** Puts `next` in the place of `state`. @returns the new state, or undefined when somebody was faster */
export async function replaceCredential(
  key: string,
  state: CredentialState,
  next: Partial<CredentialState>,
): Promise<CredentialState | undefined> {
  const changed = { ...state, ...next, version: state.version + 1 };
  const unchanged = state.version === 0 ? absent : equals('version', state.version);
  const put = await store.put({ ...changed, ...keyOf(key), ttl: epochSeconds(keptMs) }, unchanged);
  return put ? changed : undefined;
}
