import { DingtalkApi } from '../../../../functions/dingtalk/client/api.ts';
import { dingtalk as connect } from '../../../../functions/dingtalk/client/index.ts';
import type { Termination } from '../../../../functions/dingtalk/client/termination.ts';
import { dingtalkSecret } from '../../../../functions/dingtalk/client/types.ts';
import { handler as createUser } from '../../../../functions/dingtalk/create-user.ts';
import { handler as deleteUser } from '../../../../functions/dingtalk/delete-user.ts';
import { handler as getUser } from '../../../../functions/dingtalk/get-user.ts';
import { handler as listDepartments } from '../../../../functions/dingtalk/list-departments.ts';
import { handler as listInactiveUsers } from '../../../../functions/dingtalk/list-inactive-users.ts';
import { handler as updateUser } from '../../../../functions/dingtalk/update-user.ts';
import { Deadline } from '../../../../functions/shared/clock.ts';
import { OperationError } from '../../../../functions/shared/errors.ts';
import { endless } from '../../../support/attempts.ts';
import { invoke, type Json } from '../../../support/invoke.ts';
import { logLines } from '../../../support/log-lines.ts';
import { simulated } from '../../../support/providers.ts';
import { type ScriptedReply, scriptedServer } from '../../../support/scripted-server.ts';
import { time } from '../../../support/time.ts';
import { until } from '../../../support/until.ts';
import all from '../../../vectors/dingtalk.json' with { type: 'json' };
import {
  chinaDate,
  createPath,
  deletePath,
  getPath,
  inactivePath,
  legacyTokenPath,
  listsubPath,
  terminationPath,
  tokenPath,
  updatePath,
  wrapped,
} from '../support.ts';

interface Request {
  operation?: 'fetchToken';
  /** The request before, once more. */
  repeat?: true;
  method?: string;
  path?: string;
  url?: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Json;
}

interface Exchange {
  request: Request;
  response: { status: number; body: Json } | { transport: 'timeout' };
  expectStep?: Json;
}

interface Vector extends Partial<Exchange> {
  id: string;
  name: string;
  steps?: Exchange[];
  cases?: Json[];
  expect: { class: string; [assertion: string]: Json };
}

/** What the client made of a vector: an answer of the handler, or what the client's own method gave or threw. */
interface Played {
  status?: number;
  body: Json;
}

/** The day of dt-23 moves along, since DingTalk looks back one month only, and so do we. */
const vectors: Vector[] = JSON.parse(JSON.stringify(all).replaceAll('20261120', chinaDate(-3)));
const vectorOf = (id: string): Vector => {
  const vector = vectors.find((candidate) => candidate.id === id);
  if (!vector) throw new Error(`no vector ${id}`);
  return vector;
};

const simulator = simulated('dingtalk');
const server = scriptedServer();
const log = logLines();

const app = { appKey: 'dingkestrel01', appSecret: 's3-not-real' };
const tokenPaths = [tokenPath, legacyTokenPath];
const exchangesOf = ({ request = {}, response, steps = response ? [{ request, response }] : [] }: Vector): Exchange[] =>
  steps.map((step, index) => (step.request.repeat ? { ...step, request: steps[index - 1]?.request ?? {} } : step));
const pathOf = ({ operation, path, url }: Request): string =>
  operation ? tokenPath : (path ?? new URL(url ?? '').pathname);
const firstOf = (vector: Vector): Request => {
  const [first] = exchangesOf(vector);
  if (!first) throw new Error(`${vector.id} has no exchange`);
  return first.request;
};
const asksForToken = (vector: Vector) => tokenPaths.includes(pathOf(firstOf(vector)));

const replyTo = ({ response }: Exchange): ScriptedReply => ('transport' in response ? { silent: true } : response);
const gone: ScriptedReply = { body: { errcode: 60121, errmsg: 'no such user' } };
const present: ScriptedReply = { body: { errcode: 0, errmsg: 'ok', result: { userid: 'someone' } } };
const token: ScriptedReply = { body: { accessToken: '<T1>', expireIn: 7200 } };

let before = 0;
/** The requests since the vector began. */
const sent = () => server.requests().slice(before);
const sentTo = (path: string) => sent().filter((request) => request.path === path);
const tokenFetches = () => sent().filter(({ path }) => tokenPaths.includes(path)).length;

/** The app of a token vector's request. Without `apiBaseUrl` the legacy host gives the token. */
function secretOf(vector: Vector): Json {
  const { query, body } = firstOf(vector);
  const hosts = { baseUrl: server.url, apiBaseUrl: server.url };
  if (pathOf(firstOf(vector)) === tokenPath) return { ...body, ...hosts };
  if (pathOf(firstOf(vector)) !== legacyTokenPath) return { ...app, ...hosts };
  return { appKey: query?.appkey, appSecret: query?.appsecret, baseUrl: server.url, apiBaseUrl: undefined };
}

/** Every caller of ours comes with a token, which the vectors call <T1>; only the token vectors start without one. */
async function begin(vector: Vector): Promise<void> {
  await simulator.secret(secretOf(vector));
  server.play({ [tokenPath]: [token], [getPath]: [present] });
  if (!asksForToken(vector)) await invoke(getUser, { path: { userid: 'earlier' } });
  before = server.requests().length;
  time.waits = [];
}

/** Lets the server say what the vector says, and around a write what reading shows then. */
function script(vector: Vector): void {
  const paths = Map.groupBy(exchangesOf(vector), ({ request }) => pathOf(request));
  const replies = Object.fromEntries([...paths].map(([path, exchanges]) => [path, exchanges.map(replyTo)]));
  const { body } = firstOf(vector);
  const before = paths.has(deletePath) ? [present, ...takersOf(body).map(() => present)] : [];
  server.play({ ...replies, [getPath]: [...before, ...(replies[getPath] ?? [readAfter(vector)])] });
}

/** The leaver is gone after the deletion, and the fields of anybody else are as they were sent. */
function readAfter(vector: Vector): ScriptedReply {
  const { body } = firstOf(vector);
  if (asksForToken(vector)) return present;
  return pathOf(firstOf(vector)) === deletePath ? gone : { body: { errcode: 0, result: body } };
}

const takersOf = (body: Json): string[] => [
  ...new Set(
    Object.values(body?.handoverResource ?? {}).flatMap(({ action, handoverUserId }: Json) =>
      action === 'handover' ? [handoverUserId] : [],
    ),
  ),
];

/** Does what the vector's caller would ask of us: by a handler if one can, otherwise by the client. */
async function ask(vector: Vector): Promise<Played> {
  const { query = {}, body = {} } = firstOf(vector);
  const { userid = 'someone', ...rest } = body;
  const path = pathOf(firstOf(vector));
  if (asksForToken(vector)) return invoke(getUser, { path: { userid } });
  switch (path) {
    case getPath:
      return invoke(getUser, { path: { userid } });
    case deletePath:
      if (userid === '') return settled(connect(new Deadline(25_000)).deleteUser(''));
      return invoke(deleteUser, { path: { userid }, body: rest });
    case terminationPath:
      return settled(connect(new Deadline(25_000)).terminateUser(leaverOf(body)));
    case createPath:
      return invoke(createUser, { body: { ...body, dept_id_list: body.dept_id_list.split(',').map(Number) } });
    case updatePath:
      return invoke(updateUser, { path: { userid }, body: rest });
    case listsubPath:
      return invoke(listDepartments, { query: `dept_id=${body.dept_id}` });
    case inactivePath:
      return allPages(listInactiveUsers, `date=${body.query_date}&limit=${body.size}`);
    default:
      return settled(new DingtalkApi(new Deadline(25_000)).api({ method: 'GET', path, kind: 'read', query }));
  }
}

const leaverOf = ({ userId, ...rest }: Json): Termination => ({ userid: userId, ...rest });

async function allPages(handler: typeof listInactiveUsers, query: string): Promise<Played> {
  const { status, body } = await invoke(handler, { query });
  if (!body.cursor) return { status, body };
  const rest = await invoke(handler, { query: `${query}&cursor=${body.cursor}` });
  return { status: rest.status, body: { ...rest.body, items: [...body.items, ...rest.body.items] } };
}

const settled = (result: Promise<unknown>): Promise<Played> =>
  result.then(
    (body) => ({ status: 200, body }),
    (error: unknown) => {
      if (!(error instanceof OperationError)) throw error;
      return { body: { ...error.options, code: error.code, retryable: error.retryable, outcome: error.outcome } };
    },
  );

/** Our code for each class of page section 10.1. */
const codes: Record<string, string[]> = {
  credential_config: ['provider_credentials'],
  client_wiring: ['provider_unexpected'],
  rate_limited: ['provider_rate_limited'],
  circuit_break: ['provider_rate_limited'],
  not_found: ['not_found'],
  permission_config: ['provider_permission'],
  quota_exhausted: ['provider_quota'],
  caller_error: ['provider_rejected', 'invalid_input'],
  conflict: ['conflict'],
};

/** What each assertion of a vector means; one that is missing here fails. */
const assertions: Record<string, (wanted: Json, played: Played, vector: Vector) => void | Promise<void>> = {
  class: (name, { status, body }) => {
    if (name === 'success') return expect(status).toBe(200);
    if (name === 'pending_consent')
      return expect({ status, body }).toMatchObject({ status: 202, body: { outcome: name } });
    expect(codes[name]).toContain(body.code);
    expect(body.outcome).toBe('not_applied');
  },
  retry: (repeated, { body }, vector) => {
    expect(sentTo(pathOf(firstOf(vector)))).toHaveLength(repeated ? 4 : 1);
    if (repeated) expect(body.retryable).toBe(true);
  },
  waitMsAtLeast: (ms) => {
    expect(time.waits).toHaveLength(3);
    expect(Math.min(...time.waits)).toBeGreaterThanOrEqual(ms);
  },
  effectiveCode: (code, { body }) => expect(body.provider.code).toBe(code),
  hint: (word, { body }) => expect(body.fix).toContain(word),
  tokenFetches: (count) => expect(tokenFetches()).toBe(count),
  deleteCalls: (count) => expect(sentTo(deletePath)).toHaveLength(count),
  handover: (_, { body }) => expect(body.handover).toMatchObject({ status: 'unverified' }),
  modulesSent: (modules) => expect(Object.keys(sentTo(deletePath)[0]?.body.handoverResource)).toEqual(modules),
  mustNotLeak: (values, { body }) => {
    expect(log.text()).toContain(body.code);
    for (const value of values) expect(JSON.stringify(body) + log.text()).not.toContain(value);
  },

  // What took effect is "deleted" even if the answer was lost (dt-16); what was gone before is a refusal (dt-15).
  outcome: async (wanted, { body }, vector) => {
    if (wanted === 'deleted') return expect(body).toMatchObject({ outcome: 'deleted', verified: true, warnings: [] });
    if (wanted === 'already_gone') {
      const warnings = ['upstream_error_but_verified'];
      return expect(body).toMatchObject({ outcome: 'deleted', verified: true, response: null, warnings });
    }
    expect(body.code).toBe(wanted.otherwise);
    const { outcome } = (await settled(connect(new Deadline(25_000)).deleteUser(firstOf(vector).body.userid))).body;
    expect(outcome).toBe(wanted.seenEarlierInJob);
  },

  cacheSecondsAtMost: async (seconds, _, vector) => {
    time.advance((seconds - 60) * 1000);
    await ask(vector);
    expect(tokenFetches()).toBe(1);
    time.advance(60_000);
    await ask(vector);
    expect(tokenFetches()).toBe(2);
  },

  openForMs: async (ms, _, vector) => {
    const calls = sent().length;
    time.advance(ms - 1000);
    expect((await ask(vector)).body.code).toBe('provider_rate_limited');
    expect(sent()).toHaveLength(calls);
    time.advance(1000);
    server.play({ [getPath]: [present] });
    expect((await ask(vector)).status).toBe(200);
  },

  alsoFor: async (_, __, vector) => {
    for (const page of ['<!doctype html><html>blocked</html>', 'blocked']) {
      time.advance(300_000);
      server.play({ [getPath]: [{ body: page, contentType: 'text/html' }] });
      expect((await ask(vector)).body.code).toBe('provider_rate_limited');
    }
  },

  httpCalls: (count) => expect(sent()).toHaveLength(count),
  attempts: (count, _, vector) => expect(sentTo(pathOf(firstOf(vector)))).toHaveLength(count),
  userids: (userids, { body }) => expect(body.items.map(({ userid }: Json) => userid)).toEqual(userids),
  records: (count, { body }) => expect(body.records).toHaveLength(count),
  complete: (_, { body }) => expect(body.cursor ?? body.nextToken ?? null).toBeNull(),

  maxRetries: async (count, _, vector) => {
    const path = pathOf(firstOf(vector));
    const calls = sentTo(path).length;
    server.play({ [path]: exchangesOf(vector).slice(0, 1).map(replyTo) });
    await ask(vector);
    expect(sentTo(path)).toHaveLength(calls + 1 + count);
  },
};

/** A step that fails is not passed on here, but repeated after a wait. */
function expectSteps({ steps = [] }: Vector): void {
  const waits = steps.flatMap(({ expectStep }) => (expectStep ? [expectStep.waitMsAtLeast] : []));
  waits.forEach((ms, index) => void expect(time.waits[index]).toBeGreaterThanOrEqual(ms));
}

async function expectAll(vector: Vector, played: Played): Promise<void> {
  for (const [name, wanted] of Object.entries(vector.expect)) {
    expect(assertions).toHaveProperty(name);
    await assertions[name]?.(wanted, played, vector);
  }
}

/** The requests that the vector lists, in their order; not the readings around them. */
function expectRequests(vector: Vector): void {
  const paths = Map.groupBy(exchangesOf(vector), ({ request }) => pathOf(request));
  for (const [path, exchanges] of paths) {
    exchanges.forEach(({ request }, index) => {
      const { method = 'POST', query, headers, body } = request;
      const made = sentTo(path)[index];
      expect(made).toMatchObject({ method, ...(headers && { headers }) });
      if (query) expect(made?.query).toEqual(query);
      if (body) expect(made?.body).toEqual(body);
    });
  }
}

test('every vector of the issue is run', () => {
  const ids = Array.from({ length: 25 }, (_, index) => `dt-${String(index + 1).padStart(2, '0')}`);

  expect(vectors.map(({ id }) => id)).toEqual(ids);
});

/** dt-10 is a request that we never send; dt-20 and dt-25 have cases instead of exchanges. */
const played = vectors.filter(({ id }) => !['dt-10', 'dt-20', 'dt-25'].includes(id));

test.each(played)('$id: $name', async (vector) => {
  const runOut = endless();
  await begin(vector);
  script(vector);

  const asked = ask(vector);
  const silent = exchangesOf(vector).find(({ response }) => 'transport' in response);
  if (silent) {
    await until(async () => sent().some(({ path }) => path === silent.request?.path));
    runOut();
  }
  const answer = await asked;

  expectRequests(vector);
  expectSteps(vector);
  await expectAll(vector, answer);
});

test('dt-10: token not in query, which is not how we send it, and would be no credential error', async () => {
  const vector = vectorOf('dt-10');
  await begin(vector);
  script(vector);

  const answer = await ask(vector);

  const [made] = sentTo(deletePath);
  expect(made?.query).toEqual({ access_token: '<T1>' });
  expect(made?.headers).not.toHaveProperty('x-acs-dingtalk-access-token');
  await expectAll(vector, answer);
});

const { cases = [], expect: refused } = vectorOf('dt-20');

test.each(cases)('dt-20: local validation, no HTTP call, of %j', async ({ userid, ...body }) => {
  await begin(vectorOf('dt-05'));

  const answer = await invoke(deleteUser, { path: { userid }, body });

  expect(answer.status).toBe(400);
  await expectAll({ id: 'dt-20', name: '', expect: refused }, answer);
});

test('dt-20 has its seven cases', () => {
  expect(cases).toHaveLength(7);
});

const termination = vectorOf('dt-25');

test.each(termination.cases ?? [])('dt-25: HR termination, $expect.class', async (one) => {
  const { request } = termination;
  const vector: Vector = { id: 'dt-25', name: '', request, ...one };
  const { url, body } = firstOf(vector);
  await begin(vector);
  script(vector);
  server.play({ [getPath]: [present] });

  const answer = await ask(vector);

  expect(new URL(url ?? '').origin).toBe(dingtalkSecret.parse(app).apiBaseUrl);
  expectRequests(vector);
  await expectAll(vector, answer);
  const reads = sentTo(getPath).map(({ body: { userid } }) => userid);
  expect(reads).toEqual([body.userId, body.aflowHandOverUserId]);
});

test('dt-25 has its two cases', () => {
  expect(termination.cases).toHaveLength(2);
});

test('dt-18 means the same when it is wrapped', async () => {
  const vector = vectorOf('dt-18');
  await begin(vector);
  server.play({ [deletePath]: [{ body: wrapped('50002', 'employee not in scope') }] });

  await expectAll(vector, await ask(vector));
});

test('dt-01 to dt-04 name the hosts that a secret without addresses means', () => {
  const { baseUrl, apiBaseUrl } = dingtalkSecret.parse(app);

  const hosts = ['dt-01', 'dt-03', 'dt-02', 'dt-04'].map((id) => new URL(firstOf(vectorOf(id)).url ?? '').origin);
  expect(hosts).toEqual([baseUrl, baseUrl, apiBaseUrl, apiBaseUrl]);
});
