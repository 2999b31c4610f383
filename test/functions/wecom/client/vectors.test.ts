import { Deadline } from '../../../../functions/shared/clock.ts';
import { wecomCustomers } from '../../../../functions/wecom/client/customers.ts';
import { wecom as connect } from '../../../../functions/wecom/client/index.ts';
import { handler as createUser } from '../../../../functions/wecom/create-user.ts';
import { handler as deleteUser } from '../../../../functions/wecom/delete-user.ts';
import { handler as getUser } from '../../../../functions/wecom/get-user.ts';
import { handler as listUsers } from '../../../../functions/wecom/list-users.ts';
import { handler as updateUser } from '../../../../functions/wecom/update-user.ts';
import { invoke, type Json, type TestAnswer } from '../../../support/invoke.ts';
import { logLines } from '../../../support/log-lines.ts';
import { simulated } from '../../../support/providers.ts';
import { type ScriptedReply, scriptedServer } from '../../../support/scripted-server.ts';
import { time } from '../../../support/time.ts';
import vectors from '../../../vectors/wecom.json' with { type: 'json' };

interface Pair {
  id: string;
  request: { method: string; path: string; query: Record<string, string>; body?: Json };
  response: { http: number; body: Json };
  expect: Expected;
}

/** A pair's id, the pair's request with another response, "R03 with the new token", or a request of its own. */
type Step = string | { request: string | Pick<Pair['request'], 'path'>; response: Pair['response'] };

interface Sequence {
  id: string;
  steps: Step[];
  expect: Expected;
}

interface Expected {
  action: string;
  [assertion: string]: unknown;
}

const all: (Pair | Sequence)[] = Object.values(vectors);
const pairs = all.filter((vector): vector is Pair => 'request' in vector);
const sequences = all.filter((vector): vector is Sequence => 'steps' in vector);

const createPath = '/cgi-bin/user/create';
const deletePath = '/cgi-bin/user/delete';
const batchPath = '/cgi-bin/user/batchdelete';
const updatePath = '/cgi-bin/user/update';
const getPath = '/cgi-bin/user/get';
const listPath = '/cgi-bin/user/list_id';
const tokenPath = '/cgi-bin/gettoken';
const customersPath = '/cgi-bin/externalcontact/resigned/transfer_customer';
const groupsPath = '/cgi-bin/externalcontact/groupchat/transfer';
const corp = {
  corpId: 'wwc0ffee00c0ffee00',
  contactSecret: 'sync-secret-EXAMPLE',
  customerContactSecret: 'crm-secret-EXAMPLE',
};

const simulator = simulated('wecom');
const server = scriptedServer();
const log = logLines();

const pairOf = (id: string): Pair => {
  const pair = pairs.find((candidate) => candidate.id === id);
  if (!pair) throw new Error(`no vector ${id}`);
  return pair;
};
const replyOf = ({ http, body }: Pair['response']): ScriptedReply => ({ status: http, body });
const tokenReply = (access_token: string): ScriptedReply =>
  replyOf({ http: 200, body: { ...vectors.T01.response.body, access_token } });

/** Sends what the vector's caller would ask of us, by the handler of that operation; transfers and batches have none. */
function ask({ request: { path, query, body } }: Pair): Promise<TestAnswer> {
  if (path === batchPath) return deleteAll(body.useridlist);
  if (path === customersPath || path === groupsPath) return transfer(path, body);
  if (path === createPath) return invoke(createUser, { body });
  if (path === listPath) return invoke(listUsers, { query: String(new URLSearchParams(body)) });
  if (path === updatePath) return invoke(updateUser, { path: { userid: body.userid }, body });
  const userid = query.userid ?? 'lihua';
  return invoke(path === getPath ? getUser : deleteUser, { path: { userid } });
}

async function transfer(
  path: string,
  { external_userid, chat_id_list, new_owner, ...pair }: Json,
): Promise<TestAnswer> {
  const customers = wecomCustomers(new Deadline(20_000));
  const body =
    path === customersPath
      ? await customers.transferCustomers(pair, external_userid)
      : await customers.transferGroups({ handover_userid: 'lihua', new_owner }, chat_id_list);
  return { status: 200, headers: {}, body };
}

async function deleteAll(userids: string[]): Promise<TestAnswer> {
  const ends = await deleteUser.bulk.connect(new Deadline(20_000)).run(userids.map((userid) => ({ userid })));
  return { status: 200, headers: {}, body: { items: ends.map((end, index) => ({ id: userids[index], ...end })) } };
}

/** The id list, read before a batch, after its refusal, and in the end. */
const listsAround = ({ request: { path, body } }: Pair): ScriptedReply[] => {
  const listing = (userids: string[]) => ({
    body: { errcode: 0, errmsg: 'ok', dept_user: userids.map((userid) => ({ userid, department: 1 })) },
  });
  if (path !== batchPath) return [listing(['founder'])];
  return [listing(body.useridlist), listing(body.useridlist), listing(['founder'])];
};

/** The directory after the vector's call: what was created is there, what was deleted or never created is not. */
const directoryAfter = (pair: Pair) => ({
  ...memberAfter(pair),
  [listPath]: listsAround(pair),
});

const memberAfter = ({ request, expect: { action } }: Pair) => ({
  ...(request.path !== getPath && {
    [getPath]: [
      {
        body:
          action === 'retry_backoff'
            ? { errcode: 60111, errmsg: '' }
            : { errcode: 0, errmsg: 'ok', ...request.body, ...(request.body?.enable === 0 && { status: 2 }) },
      },
    ],
  }),
});

async function useSecretOf({ request: { path, query } }: Pair): Promise<void> {
  const readsAsApp = path === getPath && query.access_token === 'tok-selfbuilt-0001';
  await simulator.secret({
    ...corp,
    ...(query.corpsecret && { contactSecret: query.corpsecret }),
    appSecret: readsAsApp ? 'app-secret-EXAMPLE' : undefined,
    baseUrl: server.url,
  });
}

/** Asks once for something else, so that the client holds `token` already when the vector begins. */
async function holdToken(token: string): Promise<void> {
  server.play({
    [tokenPath]: [tokenReply(token)],
    [deletePath]: [{ body: { errcode: 0, errmsg: 'deleted' } }],
    [listPath]: [{ body: { errcode: 0, dept_user: [{ userid: 'founder', department: 1 }] } }],
  });
  await invoke(deleteUser, { path: { userid: 'earlier' } });
}

const callsTo = (path: string) => server.requests(path).filter(({ query }) => query.userid !== 'earlier');

const codes: Record<string, string[]> = {
  conflict: ['conflict'],
  caller_error: ['invalid_input', 'provider_rejected'],
  config_error: ['provider_credentials', 'provider_permission', 'provider_ip_refused'],
  needs_human: ['needs_human'],
  not_found: ['not_found'],
  already_absent: ['not_found'],
  rate_limited: ['provider_rate_limited'],
  retry_backoff: ['provider_unavailable'],
};

function expectAction(action: string, { status, body }: TestAnswer): void {
  if (['ok', 'refresh_token', 'partial'].includes(action)) {
    expect(status).toBe(200);
    if (!body.items) {
      expect(body).toMatchObject({ outcome: expect.stringMatching(/^(created|deleted|disabled)$/), verified: true });
    }
    return;
  }
  expect(codes[action]).toContain(body.code);
  expect(body.outcome).toBe('not_applied');
  expect(status).toBeGreaterThanOrEqual(400);
}

/** What each assertion of a vector means; one that is missing here fails. */
const assertions: Record<string, (wanted: Json, answer: TestAnswer, pair: Pair) => void | Promise<void>> = {
  retries: (times, _, { request }) => expect(callsTo(request.path).length).toBeLessThanOrEqual(times + 1),
  max_retries: (times, _, { request }) => expect(callsTo(request.path)).toHaveLength(times + 1),
  in_process_retries: (times, _, { request }) => expect(callsTo(request.path)).toHaveLength(times + 1),
  replays: (times, _, { request }) => {
    expect(callsTo(request.path)).toHaveLength(times + 1);
    expect(callsTo(request.path).at(-1)?.query.access_token).toBe('tok-sync-0001');
  },
  gettoken_calls: (times) => expect(server.requests(tokenPath)).toHaveLength(times + 1), // the first gave the stale token
  create_calls: (times) => expect(callsTo(createPath)).toHaveLength(times),
  delete_calls: (times) => expect(callsTo(deletePath)).toHaveLength(times),
  field: (field, { body }) => expect(body.errors[0].path).toBe(field),
  fields: (fields, { body }) => expect(fields).toContain(body.errors[0].path),
  request_must_not_contain: (names, _, { request }) => {
    for (const name of names) expect(callsTo(request.path)[0]?.body).not.toHaveProperty(name);
  },
  end_of_list: (ends, { body }) => expect(body.cursor === null).toBe(ends),
  warnings: (warnings, { body }) => expect(body.warnings).toEqual(warnings),
  local_validation_should_catch: () => expect(server.requests()).toEqual([]),
  min_delay_seconds: async (seconds, { headers }, pair) => {
    const sent = server.requests().length;
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(seconds);
    time.advance((seconds - 1) * 1000);
    expect((await ask(pair)).body.code).toBe('provider_rate_limited');
    expect(server.requests()).toHaveLength(sent);
  },
  cache_seconds_max: async (seconds, _, pair) => {
    await ask(pair);
    expect(server.requests(tokenPath)).toHaveLength(1);
    time.advance(seconds * 1000);
    await ask(pair);
    expect(server.requests(tokenPath)).toHaveLength(2);
  },
  fallback: (_singly, _, { request }) => {
    expect(callsTo(deletePath).map(({ query }) => query.userid)).toEqual(request.body.useridlist);
  },
  assume_deleted: (_unknown) => {
    const paths = server.requests().map(({ path }) => path);
    expect(paths.slice(paths.indexOf(batchPath))).toEqual([batchPath, listPath, deletePath, deletePath, listPath]);
  },
  deleted: (ids, { body }) => expect(idsOf(body, ({ outcome }) => outcome === 'deleted')).toEqual(ids),
  alreadyAbsent: async (absent, { body }, { request }) => {
    if (body.items) return expect(idsOf(body, ({ code }) => code === 'not_found')).toEqual(absent);
    const { outcome } = await connect(new Deadline(20_000)).deleteUser(request.query.userid ?? '');
    expect(outcome).toBe(absent ? 'already_absent' : 'deleted');
  },
  log_level: (level) => expect(log.parsed().map((line) => line.level)).toContain(level.toUpperCase()),
  outcome: (_giveUp, { body }) => {
    expect(body).toMatchObject({ code: 'provider_unavailable', retryable: true });
    expect(callsTo(createPath)).toHaveLength(4);
  },
  scheduled: (ids, { body }) => expect(idsWith(['scheduled'], body)).toEqual(ids),
  done: (ids, { body }) => expect(idsWith(['moved'], body)).toEqual(ids),
  failed: (ids, { body }) => expect(idsWith(['later', 'other_taker', 'left_over'], body)).toEqual(ids),
  final: (isFinal, { body }) => expect(idsWith(['moved'], body).length > 0).toBe(isFinal),
  // Said for people, or what a caller may do next.
  note: () => {},
  condition: () => {},
  may_lookup: () => {},
  alternative: () => {},
  poll_after_hours: () => {},
};

const idsOf = ({ items }: Json, isMeant: (item: Json) => boolean): string[] =>
  items.filter(isMeant).map(({ id }: Json) => id);
const idsWith = (fates: string[], body: Json): string[] => idsOf(body, ({ fate }) => fates.includes(fate));

async function expectAll({ action, ...rest }: Expected, answer: TestAnswer, pair: Pair): Promise<void> {
  expectAction(action, answer);
  for (const [name, wanted] of Object.entries(rest)) await assertions[name]?.(wanted, answer, pair);
  expect(Object.keys(rest).filter((name) => !assertions[name])).toEqual([]);
}

/** Each request is the vector's: a create says `to_invite` too, since WeCom's default would invite. */
function expectRequestsOf({ request: { method, path, query, body } }: Pair): void {
  for (const sent of callsTo(path)) {
    expect(sent.method).toBe(method);
    expect(Object.keys(sent.query).toSorted()).toEqual(Object.keys(query).toSorted());
    expect(sent.body).toEqual(body && { ...body, ...(path === createPath && { to_invite: false }) });
  }
  expect(callsTo(path)[0]?.query ?? query).toEqual(query);
}

test.each(pairs)('$id: $class', async (pair) => {
  const { request, response, expect: expected } = pair;
  const { access_token: token } = request.query;
  const isRefresh = expected.action === 'refresh_token';
  await useSecretOf(pair);
  if (isRefresh) await holdToken(token ?? '');
  server.play({
    ...directoryAfter(pair),
    [tokenPath]: [tokenReply(isRefresh || !token ? 'tok-sync-0001' : token)],
    [deletePath]: [{ body: { errcode: 0, errmsg: 'deleted' } }],
    [request.path]: [replyOf(response), ...(isRefresh ? [{ body: { errcode: 0, errmsg: 'ok' } }] : [])],
  });

  const answer = await ask(pair);

  expectRequestsOf(pair);
  await expectAll(expected, answer, pair);
});

test.each(sequences)('$id: $class', async ({ steps, expect: expected }) => {
  const pair = pairOf(idOf(steps[0] ?? ''));
  await useSecretOf(pair);
  await holdToken(pair.request.query.access_token ?? '');
  server.play(directoryAfter(pair));
  for (const path of new Set(steps.map(pathOf))) {
    server.play({ [path]: steps.filter((step) => pathOf(step) === path).map(replyTo) });
  }

  const answer = await ask(pair);

  expectRequestsOf(pair);
  await expectAll(expected, answer, pair);
});

const requestOf = (step: Step) => (typeof step === 'string' ? step : step.request);
const idOf = (step: Step): string => String(requestOf(step)).split(' ')[0] ?? '';
const pathOf = (step: Step): string => {
  const request = requestOf(step);
  return typeof request === 'string' ? pairOf(idOf(step)).request.path : request.path;
};
const replyTo = (step: Step): ScriptedReply =>
  replyOf(typeof step === 'string' ? pairOf(step).response : step.response);

test('no vector is left out', () => {
  const played = [...pairs, ...sequences].map(({ id }) => id);

  expect(played.toSorted()).toEqual(Object.keys(vectors).toSorted());
  expect(played).toEqual(
    expect.arrayContaining(
      'T01 T02 T03 C01 C02 C03 C04 C06 C09 C10 C12 U01 D01 D02 D03 D05 B02 G02 G03 H01 H04 L02 R02 R03 S01 S02 S04 S05 S06'.split(
        ' ',
      ),
    ),
  );
});
