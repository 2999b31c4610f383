import { randomBytes } from 'node:crypto';
import type { ProviderCall } from './simulator.ts';
import { Refusal } from './wecom-answers.ts';

/** Section 2.1: contact sync, a self-built app, and a self-built app listed for customer contact. */
export type Credential = 'contact' | 'app' | 'customer';

interface Token {
  credential: Credential;
  expiresAt: number;
}

interface Limit {
  calls: number;
  ms: number;
}

const corpId = 'wwsandbox';
const secrets = new Map<string | undefined, Credential>([
  ['sandbox-contact', 'contact'],
  ['sandbox-app', 'app'],
  ['sandbox-customer', 'customer'],
]);

const minute = 60_000;
const hour = 60 * minute;
const tokenLife = 2 * hour;

// Page 90312, per API. The block after a breach is as long as the window for both classes.
const corpLimits: Limit[] = [
  { calls: 10_000, ms: minute },
  { calls: 150_000, ms: hour },
];
const ipLimits: Limit[] = [
  { calls: 20_000, ms: minute },
  { calls: 600_000, ms: hour },
];
// Page 90313 says "several" and publishes no number: the tenth wrong secret within an hour bans the IP.
const wrongSecretLimit: Limit = { calls: 9, ms: hour };

/** Tokens, call limits and the ban after wrong secrets (sections 2 and 3). */
export class Access {
  readonly #tokens = new Map<string, Token>();
  #counters = new Counters();

  /** Forgets what was counted; issued tokens stay valid. */
  resetCounters(): void {
    this.#counters = new Counters();
  }

  countForIp({ path, ip }: ProviderCall): void {
    this.#counters.countOrRefuse(`${ip} ${path}`, ipLimits);
  }

  issueToken({ path, query, ip }: ProviderCall): { access_token: string; expires_in: number } {
    const wrongSecrets = `wrong secrets ${ip}`;
    if (this.#counters.isOver(wrongSecrets, wrongSecretLimit)) throw new Refusal(45009);
    if (!query.corpid) throw new Refusal(41002);
    if (!query.corpsecret) throw new Refusal(41004);
    if (query.corpid !== corpId) throw new Refusal(40013);
    this.#countForCorp(path);
    const credential = secrets.get(query.corpsecret);
    if (!credential) {
      this.#counters.count(wrongSecrets, wrongSecretLimit);
      throw new Refusal(40001);
    }
    const [access_token, { expiresAt }] = this.#validToken(credential) ?? this.#newToken(credential);
    return { access_token, expires_in: Math.ceil((expiresAt - Date.now()) / 1000) };
  }

  /** Only the query carries a token: one in the body counts as missing (section 1). */
  credentialOf({ path, query }: ProviderCall): Credential {
    if (!query.access_token) throw new Refusal(41001);
    const token = this.#tokens.get(query.access_token);
    if (!token) throw new Refusal(40014);
    if (token.expiresAt <= Date.now()) throw new Refusal(42001);
    this.#countForCorp(path);
    return token.credential;
  }

  revoke(token: string | undefined): void {
    this.#tokens.delete(token ?? '');
  }

  #countForCorp(path: string): void {
    this.#counters.countOrRefuse(`${corpId} ${path}`, corpLimits);
  }

  /** Asking again gives the same token with the time it has left: not documented today (section 2.2, rules 4 and 5). */
  #validToken(credential: Credential): [string, Token] | undefined {
    return [...this.#tokens].find(([, token]) => token.credential === credential && token.expiresAt > Date.now());
  }

  #newToken(credential: Credential): [string, Token] {
    const issued: [string, Token] = [
      randomBytes(96).toString('base64url'),
      { credential, expiresAt: Date.now() + tokenLife },
    ];
    this.#tokens.set(...issued);
    return issued;
  }
}

/** Calls counted in windows. The call that breaches a limit restarts its window, which is how long the block lasts. */
class Counters {
  readonly #windows = new Map<string, { endsAt: number; calls: number }>();

  countOrRefuse(subject: string, limits: Limit[]): void {
    for (const limit of limits) this.count(subject, limit);
    if (limits.some((limit) => this.isOver(subject, limit))) throw new Refusal(45009);
  }

  count(subject: string, limit: Limit): void {
    const window = this.#window(subject, limit);
    window.calls += 1;
    if (window.calls === limit.calls + 1) window.endsAt = Date.now() + limit.ms;
  }

  isOver(subject: string, limit: Limit): boolean {
    return this.#window(subject, limit).calls > limit.calls;
  }

  #window(subject: string, { ms }: Limit): { endsAt: number; calls: number } {
    const key = `${subject} ${ms}`;
    const running = this.#windows.get(key);
    if (running && running.endsAt > Date.now()) return running;
    const fresh = { endsAt: Date.now() + ms, calls: 0 };
    this.#windows.set(key, fresh);
    return fresh;
  }
}
