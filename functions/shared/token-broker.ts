import { clock } from './clock.ts';
import { OperationError } from './errors.ts';

/** What is known of one provider credential. Times are epoch milliseconds. */
export interface CredentialState {
  token?: string;
  expiresAt: number;
  pausedUntil: number;
  /** Refusals of the secret since it last worked. */
  failures: number;
}

/** Where credential states are kept: in memory now, in the store once there is one. */
export interface CredentialStore {
  load(key: string): Promise<CredentialState | undefined>;
  save(key: string, state: CredentialState): Promise<void>;
}

export interface Credential {
  provider: string;
  /** Differs for every provider credential and for every value of its secret, and does not reveal it. */
  key: string;
  fetchToken(): Promise<{ token: string; expiresInSeconds: number }>;
}

/** Providers end tokens early; both pages advise to stop using one 5 to 10 minutes before its end. */
const marginMs = 5 * 60_000;
/** WeCom bans the address for an hour after several wrong secrets (page 90313, 45009). */
const maxFailures = 3;
const fresh: CredentialState = { expiresAt: 0, pausedUntil: 0, failures: 0 };

export class InMemoryCredentialStore implements CredentialStore {
  readonly #states = new Map<string, CredentialState>();

  async load(key: string): Promise<CredentialState | undefined> {
    return this.#states.get(key);
  }

  async save(key: string, state: CredentialState): Promise<void> {
    this.#states.set(key, state);
  }
}

/** Hands out provider tokens: one request at a time for each credential, one refresh for each rejected token, no call during a ban. */
export class TokenBroker {
  readonly #store: CredentialStore;
  readonly #pending = new Map<string, Promise<string>>();

  constructor(store: CredentialStore) {
    this.#store = store;
  }

  /**
   * Runs `call` with a token. A rejected token is replaced once and the call is repeated once: the provider refused it
   * before doing anything. A refusal that pauses the credential holds back every later call until it ends.
   * @throws OperationError `provider_credentials` when the new token is rejected too, or equals the rejected one
   */
  async withToken<T>(credential: Credential, call: (token: string) => Promise<T>): Promise<T> {
    const token = await this.#token(credential);
    try {
      return await this.#watched(credential, () => call(token));
    } catch (error) {
      if (!isTokenRejection(error)) throw error;
      const renewed = await this.#token(credential, token);
      if (renewed === token) throw error;
      return this.#watched(credential, () => call(renewed));
    }
  }

  async #token(credential: Credential, rejected?: string): Promise<string> {
    const state = (await this.#store.load(credential.key)) ?? fresh;
    refuseIfClosed(credential, state);
    if (state.token && state.token !== rejected && state.expiresAt > clock.now()) return state.token;

    return this.#pending.get(credential.key) ?? this.#start(credential, state);
  }

  #start(credential: Credential, state: CredentialState): Promise<string> {
    const pending = this.#fetch(credential, state).finally(() => this.#pending.delete(credential.key));
    this.#pending.set(credential.key, pending);
    return pending;
  }

  async #fetch(credential: Credential, state: CredentialState): Promise<string> {
    try {
      const { token, expiresInSeconds } = await this.#watched(credential, () => credential.fetchToken());
      const lifetimeMs = expiresInSeconds * 1000;
      const expiresAt = clock.now() + lifetimeMs - Math.min(marginMs, lifetimeMs / 2);
      await this.#store.save(credential.key, { ...fresh, token, expiresAt });
      return token;
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      if (error.code === 'provider_credentials') {
        await this.#store.save(credential.key, { ...state, failures: state.failures + 1 });
      }
      throw error.with({ outcome: 'not_applied' });
    }
  }

  async #watched<T>(credential: Credential, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof OperationError && error.options.pausesCredential) {
        const state = (await this.#store.load(credential.key)) ?? fresh;
        const pausedUntil = clock.now() + (error.options.retryAfter ?? 0) * 1000;
        await this.#store.save(credential.key, { ...state, pausedUntil });
      }
      throw error;
    }
  }
}

const isTokenRejection = (error: unknown): boolean =>
  error instanceof OperationError && error.options.tokenRejected === true;

function refuseIfClosed({ provider }: Credential, { pausedUntil, failures }: CredentialState): void {
  if (pausedUntil > clock.now()) {
    throw new OperationError('provider_rate_limited', `${provider} has banned our calls for a while`, {
      provider: { name: provider },
      retryAfter: Math.ceil((pausedUntil - clock.now()) / 1000),
      fix: 'Wait. Calls made during the ban are held back so that they do not prolong it.',
    });
  }
  if (failures >= maxFailures) {
    throw new OperationError(
      'provider_credentials',
      `${provider} refused our secret ${failures} times; no further try is made, since it bans the address`,
      { provider: { name: provider }, fix: `Correct the secret of ${provider}; a changed secret is tried at once.` },
    );
  }
}
