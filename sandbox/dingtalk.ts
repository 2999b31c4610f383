import { randomBytes, randomUUID } from 'node:crypto';
import { type Call, calls, type Office, tokenSeconds } from './dingtalk-calls.ts';
import { type Clock, Directory } from './dingtalk-directory.ts';
import { type Code, isRecord, type Json, Refusal } from './dingtalk-fields.ts';
import type { ProviderAnswer, ProviderCall, ResetOptions, SimulatedProvider } from './simulator.ts';

// Both hosts of DingTalk on one port. Section numbers are those of providers/dingtalk.md.

const banMs = 5 * 60_000;

/** What stands before every call, in the words of both hosts: the legacy sub_code and the new API's code (10.1). */
const gateWords: Record<Code, string> = {
  40000: 'AuthenticationFailed.MissingParameter',
  40014: 'InvalidAuthentication',
  42001: 'InvalidAuthentication',
  60011: 'Forbidden.AccessDenied.AccessTokenPermissionDenied',
  60020: 'Forbidden.AccessDenied.IpNotInWhiteList',
  90002: 'Forbidden.AccessDenied.QpsLimitForApi',
  90018: 'Forbidden.AccessDenied.QpsLimitForAppkeyAndApi',
  90020: 'Forbidden.AccessDenied.ApiCountLimitForOrg',
};

const messages: Record<Code, string> = {
  [-1]: 'busy',
  22: 'invalid api name',
  404: 'unknown path',
  33012: 'invalid userid',
  40000: 'access_token is blank',
  40014: 'invalid token',
  40035: 'missing appkey or appsecret',
  40068: 'invalid offset',
  40069: 'invalid size',
  40096: 'bad appKey or appSecret',
  40100: 'extension number exists',
  40103: 'invitation sent',
  40104: 'invalid mobile',
  42001: 'token expired',
  43001: 'GET needed',
  43002: 'POST needed',
  44002: 'empty body',
  47001: 'body is not JSON',
  50002: 'employee not in scope',
  60003: 'no such department',
  60102: 'userid exists',
  60104: 'mobile exists',
  60105: 'invalid email',
  60106: 'email exists',
  60112: 'invalid name',
  60121: 'no such user',
  60128: 'invalid manager',
  90002: 'api qps exceeded',
  90018: 'too many calls',
  90020: 'monthly quota spent',
  400002: 'invalid parameter',
};

/** `now` gives epoch milliseconds. */
export function createDingtalkSimulator({ callsPerSecond = 20, now = Date.now } = {}): SimulatedProvider {
  return new DingtalkSimulator(callsPerSecond, now);
}

class DingtalkSimulator implements SimulatedProvider {
  readonly #tokens: Tokens;
  readonly #callsPerSecond: number;
  readonly #now: Clock;
  #limits: Limits;
  #directory: Directory;

  constructor(callsPerSecond: number, now: Clock) {
    this.#tokens = new Tokens(now);
    this.#callsPerSecond = callsPerSecond;
    this.#now = now;
    this.#limits = new Limits(callsPerSecond, now);
    this.#directory = new Directory(0, now);
  }

  handle(call: ProviderCall): ProviderAnswer {
    if (this.#limits.bans(call.ip)) return punishment();
    try {
      return success(call, this.#run(call));
    } catch (error) {
      if (error instanceof Refusal) return refusal(call, error.code);
      throw error;
    }
  }

  answerCode(call: ProviderCall, errcode: Code): ProviderAnswer {
    // A token that was called invalid once is not given out again.
    if (['40014', '42001'].includes(String(errcode))) this.#tokens.revoke();
    if (Number(errcode) !== 0) return refusal(call, errcode);
    return success(call, calls[call.path]?.lie(isRecord(call.body) ? call.body : {}) ?? {});
  }

  state() {
    const { members, departments, handovers, history } = this.#directory;
    return { members: [...members.values()], departments, handovers, history };
  }

  reset({ members = 0 }: ResetOptions): void {
    this.#limits = new Limits(this.#callsPerSecond, this.#now);
    this.#directory = new Directory(members, this.#now);
  }

  #run(call: ProviderCall): Json {
    const known = findCall(call);
    if (known.permission) {
      this.#tokens.check(isLegacy(call) ? call.query.access_token : call.headers['x-acs-dingtalk-access-token']);
      this.#limits.count(call.path, known);
    }
    const office: Office = { directory: this.#directory, now: this.#now, issueToken: () => this.#tokens.issue() };
    return known.run(sentWith(call, known), office);
  }
}

/** The tokens of the one app. While one is valid, asking again gives the same and extends it (2.3). */
class Tokens {
  readonly #now: Clock;
  readonly #expiries = new Map<string, number>();
  #current = '';

  constructor(now: Clock) {
    this.#now = now;
  }

  issue(): string {
    const now = this.#now();
    if ((this.#expiries.get(this.#current) ?? 0) <= now) this.#current = randomBytes(16).toString('hex');
    this.#expiries.set(this.#current, now + tokenSeconds * 1000);
    return this.#current;
  }

  revoke(): void {
    this.#expiries.delete(this.#current);
    this.#current = '';
  }

  check(token: string | undefined): void {
    if (!token) throw new Refusal(40000);
    const expiry = this.#expiries.get(token);
    if (expiry === undefined) throw new Refusal(40014);
    if (expiry <= this.#now()) throw new Refusal(42001);
  }
}

/** The published limits (5). */
class Limits {
  readonly #now: Clock;
  readonly #perApi: Windows;
  readonly #perIp: Windows;
  readonly #perMonth: Windows;
  readonly #bannedUntil = new Map<string, number>();

  constructor(callsPerSecond: number, now: Clock) {
    this.#now = now;
    this.#perApi = new Windows(callsPerSecond, 1000, now);
    this.#perIp = new Windows(10_000, 20_000, now);
    this.#perMonth = new Windows(5000, Number.POSITIVE_INFINITY, now);
  }

  bans(ip: string): boolean {
    const now = this.#now();
    if ((this.#bannedUntil.get(ip) ?? 0) > now) return true;
    if (!this.#perIp.isExceededBy(ip)) return false;
    this.#bannedUntil.set(ip, now + banMs);
    return true;
  }

  /** A call refused for its speed does not count against the month. */
  count(path: string, { metered }: Call): void {
    if (this.#perApi.isExceededBy(path)) throw new Refusal(90018);
    const month = new Date(this.#now()).toISOString().slice(0, 7);
    if (metered && this.#perMonth.isExceededBy(month)) throw new Refusal(90020);
  }
}

/** Counts in windows of `ms`, each begun by the first call after the last one. */
class Windows {
  readonly #limit: number;
  readonly #ms: number;
  readonly #now: Clock;
  readonly #windows = new Map<string, { start: number; count: number }>();

  constructor(limit: number, ms: number, now: Clock) {
    this.#limit = limit;
    this.#ms = ms;
    this.#now = now;
  }

  isExceededBy(key: string): boolean {
    const now = this.#now();
    const open = this.#windows.get(key);
    const window = open && now - open.start < this.#ms ? open : { start: now, count: 0 };
    window.count += 1;
    this.#windows.set(key, window);
    return window.count > this.#limit;
  }
}

function findCall(call: ProviderCall): Call {
  const known = calls[call.path];
  if (known?.method === call.method) return known;
  if (!isLegacy(call)) throw new Refusal('InvalidAction.NotFound');
  if (known) throw new Refusal(known.method === 'GET' ? 43001 : 43002);
  throw new Refusal(call.path.startsWith('/topapi/') ? 22 : 404);
}

function sentWith({ method, path, query, body }: ProviderCall, { needsBody }: Call): Json {
  if (method === 'GET') return query;
  if (isRecord(body)) return body;
  if (body === undefined && !needsBody) return {};
  // The new API's word is that of the issue section 2.2 cites: aliyun/alibabacloud-php-sdk#36.
  if (!isLegacy({ path })) throw new Refusal('Missingbody');
  throw new Refusal(body === undefined ? 44002 : 47001);
}

function isLegacy({ path }: Pick<ProviderCall, 'path'>): boolean {
  return !/^\/v\d+\.\d+\//.test(path);
}

function success(call: ProviderCall, fields: Json): ProviderAnswer {
  return isLegacy(call) ? legacyAnswer(call, { errcode: 0, errmsg: 'ok', ...fields }) : { body: fields };
}

function refusal(call: ProviderCall, code: Code): ProviderAnswer {
  return isLegacy(call) ? legacyRefusal(call, code) : newRefusal(call, gateWords[code] ?? String(code));
}

/** Token, permission and throttle codes come inside 88 (3), except from the token call itself (2.1). */
function legacyRefusal(call: ProviderCall, code: Code): ProviderAnswer {
  const message = messageOf(call, code);
  const isWrapped = call.path !== '/gettoken' && (gateWords[code] !== undefined || /^90\d{3}$/.test(String(code)));
  if (!isWrapped) return legacyAnswer(call, { errcode: Number(code), errmsg: message });
  const errmsg = `ding talk error[subcode=${code},submsg=${message}]`;
  return legacyAnswer(call, { errcode: 88, sub_code: String(code), sub_msg: message, errmsg });
}

/** Legacy answers are HTTP 200, whatever they say. The token call alone has no `request_id` (2.1). */
function legacyAnswer({ path }: ProviderCall, body: Json): ProviderAnswer {
  return { body: path === '/gettoken' ? body : { ...body, request_id: randomBytes(6).toString('hex') } };
}

function newRefusal({ path }: ProviderCall, code: string): ProviderAnswer {
  const status = statusOf(code);
  const requestid = randomUUID().toUpperCase();
  if (code !== gateWords[60011]) return { status, body: { code, message: `refused: ${code}`, requestid } };
  // This one comes in capitals and names what is missing (3).
  const AccessDeniedDetail = { requiredScopes: [calls[path]?.permission] };
  return { status, body: { Code: code, Message: 'no permission', RequestId: requestid, AccessDeniedDetail } };
}

function statusOf(code: string): number {
  if (code.startsWith('Forbidden.')) return 403;
  if (code === 'InvalidAction.NotFound') return 404;
  return /^(system|unknownError|operationTimeout|service\.timeout)/.test(code) ? 500 : 400;
}

function messageOf({ path }: ProviderCall, code: Code): string {
  return Number(code) === 60011 ? `app lacks [${calls[path]?.permission}]` : (messages[code] ?? 'refused');
}

/** The answer to a banned address (5). Its HTTP status is not documented. */
function punishment(): ProviderAnswer {
  return { body: { status: 1111, wait: 5, source: 'x5', punish: 'deny', uuid: randomUUID() } };
}
