import { clock } from './clock.ts';
import { type CredentialState, loadCredential, replaceCredential } from './credential-store.ts';
import { OperationError } from './errors.ts';
import { withoutEffect } from './transport.ts';

export interface Credential {
  provider: string;
  /** Differs for every provider credential and for every value of its secret, and does not reveal it. */
  key: string;
  fetchToken(): Promise<{ token: string; expiresInSeconds: number }>;
  /** The provider gives out the same token while it is valid, so to get a rejected one again ends the matter. */
  reissuesTokens?: boolean;
}

/** Providers end tokens early; both pages advise to stop using one 5 to 10 minutes before its end. */
const marginMs = 5 * 60_000;
/** WeCom bans the address for an hour after several wrong secrets (page 90313, 45009). */
const maxFailures = 3;
const closedMs = 3_600_000;
/** Longer than one attempt to fetch a token can take. */
const refreshMs = 10_000;
const pollMs = 100;
/** How old a copy may be, so that a ban met by one function holds back the others. */
const copyMs = 5_000;

/**
 * Hands out provider tokens, for all functions together: one request for a token at a time, one refresh for a rejected
 * token, at most three tries of a wrong secret in an hour, and no call during a ban.
 */
export class TokenBroker {
  readonly #copies = new Map<string, { state: CredentialState; readAt: number }>();
  readonly #pending = new Map<string, Promise<string>>();

  /**
   * Runs `call` with a token. A rejected token is replaced once and the call is repeated once: the provider refused it
   * before doing anything.
   * @throws OperationError `provider_credentials` when the new token is rejected too, `provider_rate_limited` during a
   * ban, `store_unavailable`
   */
  async withToken<T>(credential: Credential, call: (token: string) => Promise<T>): Promise<T> {
    const token = await this.#token(credential);
    try {
      return await this.#watched(credential, () => call(token));
    } catch (error) {
      if (!(error instanceof OperationError) || !error.options.tokenRejected) throw error;
      const renewed = await this.#token(credential, token);
      if (renewed === token && credential.reissuesTokens) throw error;
      return this.#watched(credential, () => call(renewed));
    }
  }

  async #token(credential: Credential, rejected?: string): Promise<string> {
    const copy = this.#copies.get(credential.key);
    const recent = copy && copy.readAt > clock.now() - copyMs ? copy.state : undefined;
    if (recent) refuseIfPaused(credential, recent);
    if (recent && isUsable(recent, rejected)) return recent.token;
    return this.#pending.get(credential.key) ?? this.#start(credential, rejected);
  }

  #start(credential: Credential, rejected: string | undefined): Promise<string> {
    const pending = this.#sharedToken(credential, rejected).finally(() => this.#pending.delete(credential.key));
    this.#pending.set(credential.key, pending);
    return pending;
  }

  /** The token that some function has put into the store, or puts there now: the one that gets the lease fetches it. */
  async #sharedToken(credential: Credential, rejected: string | undefined): Promise<string> {
    for (;;) {
      const state = await this.#load(credential.key);
      refuseIfPaused(credential, state);
      if (isUsable(state, rejected)) return state.token;
      if (state.refreshingUntil <= clock.now()) {
        const leased = await replaceCredential(credential.key, state, { refreshingUntil: clock.now() + refreshMs });
        if (leased) {
          this.#remember(credential.key, leased);
          return this.#fetch(credential);
        }
      }
      await clock.sleep(pollMs);
    }
  }

  async #fetch(credential: Credential): Promise<string> {
    try {
      const { token, expiresInSeconds } = await this.#watched(credential, () => credential.fetchToken());
      const lifetimeMs = expiresInSeconds * 1000;
      const expiresAt = clock.now() + lifetimeMs - Math.min(marginMs, lifetimeMs / 2);
      await this.#change(credential.key, () => ({ token, expiresAt, failures: 0, refreshingUntil: 0 }));
      return token;
    } catch (error) {
      const refused = error instanceof OperationError && error.code === 'provider_credentials';
      await this.#change(credential.key, (state) => ({ refreshingUntil: 0, ...(refused && afterRefusal(state)) }));
      throw withoutEffect(error);
    }
  }

  /** A refusal that pauses the credential holds back the calls of everybody until it ends. */
  async #watched<T>({ key }: Credential, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof OperationError && error.options.pausesCredential) {
        const pausedUntil = clock.now() + (error.options.retryAfter ?? 0) * 1000;
        await this.#change(key, () => ({ pausedUntil }));
      }
      throw error;
    }
  }

  async #load(key: string): Promise<CredentialState> {
    return this.#remember(key, await loadCredential(key));
  }

  /** Starts from the copy, which is the newest state for who has just won the lease, and reads again on a conflict. */
  async #change(key: string, next: (state: CredentialState) => Partial<CredentialState>): Promise<void> {
    let state = this.#copies.get(key)?.state ?? (await this.#load(key));
    for (;;) {
      const changed = await replaceCredential(key, state, next(state));
      if (changed) return void this.#remember(key, changed);
      state = await this.#load(key);
    }
  }

  #remember(key: string, state: CredentialState): CredentialState {
    this.#copies.set(key, { state, readAt: clock.now() });
    return state;
  }
}

const isUsable = (state: CredentialState, rejected?: string): state is CredentialState & { token: string } =>
  state.token !== undefined && state.token !== rejected && state.expiresAt > clock.now();

function afterRefusal({ failures }: CredentialState): Partial<CredentialState> {
  const next = { failures: failures + 1 };
  return next.failures < maxFailures ? next : { ...next, pausedUntil: clock.now() + closedMs };
}

function refuseIfPaused({ provider }: Credential, { pausedUntil, failures }: CredentialState): void {
  if (pausedUntil <= clock.now()) return;
  const retryAfter = Math.ceil((pausedUntil - clock.now()) / 1000);
  if (failures >= maxFailures) {
    throw new OperationError(
      'provider_credentials',
      `${provider} refused our secret ${failures} times; it is not tried again for ${retryAfter} s, so that our address is not banned`,
      { provider: { name: provider }, fix: `Correct the secret of ${provider}; a changed secret is tried at once.` },
    );
  }
  throw new OperationError('provider_rate_limited', `${provider} has banned our calls for a while`, {
    provider: { name: provider },
    retryAfter,
    pausesCredential: true,
    fix: 'Wait. Calls made during the ban are held back so that they do not prolong it.',
  });
}
