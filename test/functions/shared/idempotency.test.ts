import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { handler as createDingtalkUser } from '../../../functions/dingtalk/create-user.ts';
import { type Item, store } from '../../../functions/shared/store.ts';
import { handler as createUser } from '../../../functions/wecom/create-user.ts';
import { handler as deleteUser } from '../../../functions/wecom/delete-user.ts';
import { handler as updateUser } from '../../../functions/wecom/update-user.ts';
import { invoke } from '../../support/invoke.ts';
import { lambdas } from '../../support/lambda.ts';
import { simulated } from '../../support/providers.ts';
import { proxiedStore } from '../../support/store-proxy.ts';

const wecom = simulated('wecom');
const dingtalk = simulated('dingtalk');
const storeProxy = proxiedStore();
const start = await lambdas();
const deletePath = '/cgi-bin/user/delete';
const createPath = '/cgi-bin/user/create';
const hour = 3_600_000;
let table: DynamoDBClient;
beforeAll(() => {
  table = new DynamoDBClient();
});

const headers = { 'idempotency-key': 'leaver-4711' };
const lisi = { path: { userid: 'lisi' }, headers };
const chenbo = { userid: 'chenbo', name: '陈波', mobile: '13900005555' };
const remove = (userid = 'lisi', caller?: string) =>
  invoke(deleteUser, { path: { userid }, headers, ...(caller && { caller }) });
const create = (member: object = chenbo) => invoke(createUser, { body: member, headers });
const sent = async (path = deletePath) => (await wecom.requests(path)).length;
const codeOf = (answer: { status: number; body: { code?: string } } | undefined) => answer?.body.code ?? answer?.status;

describe('a replay', () => {
  test('gives the stored answer, says so, and sends nothing', async () => {
    const first = await remove();
    const replay = await remove();

    expect(first.status).toBe(200);
    expect(first.headers).not.toHaveProperty('idempotent-replayed');
    expect(replay).toEqual({ ...first, headers: { ...first.headers, 'idempotent-replayed': 'true' } });
    expect(await sent()).toBe(1);
  });

  test('is one for 24 hours', async () => {
    const lambda = start('wecom/delete-user');
    await lambda.invoke(lisi);

    const within = await lambda.invoke(lisi, { aheadMs: 24 * hour - 60_000 });
    const later = await lambda.invoke(lisi, { aheadMs: 24 * hour + 60_000 });

    expect(within).toMatchObject({ status: 200, headers: { 'idempotent-replayed': 'true' } });
    expect(later).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  test.each<[string, () => Promise<unknown>, () => ReturnType<typeof remove>]>([
    ['path', () => remove('lisi'), () => remove('wangwu')],
    ['body', () => create(), () => create({ ...chenbo, name: '陈波波' })],
  ])('with another %s is a mismatch, and sends nothing', async (_, first, other) => {
    await first();
    const before = (await wecom.requests()).length;

    expect(await other()).toMatchObject({
      status: 422,
      body: { code: 'idempotency_mismatch', outcome: 'not_applied', retryable: false },
    });
    expect((await wecom.requests()).length).toBe(before);
  });

  test('whose fields stand in another order is the same request', async () => {
    await create();

    const { userid, name, mobile } = chenbo;
    expect((await create({ mobile, name, userid })).headers).toHaveProperty('idempotent-replayed');
  });

  test('by another caller is a request of its own', async () => {
    await remove('lisi', 'arn:aws:iam::000000000000:user/hr');

    expect(codeOf(await remove('lisi', 'arn:aws:iam::000000000000:user/it'))).toBe('not_found');
    expect(await sent()).toBe(2);
  });

  test('on another route is a request of its own', async () => {
    expect(codeOf(await remove())).toBe(200);
    expect(codeOf(await create())).toBe(200);
  });

  test('while the first is under way in another process is in progress', async () => {
    await wecom.hold(deletePath, { method: 'GET' });
    const first = start('wecom/delete-user').invoke(lisi);
    await wecom.came(deletePath);

    expect(await start('wecom/delete-user').invoke(lisi)).toMatchObject({
      status: 409,
      body: { code: 'idempotency_in_progress', outcome: 'not_applied', retryable: true },
    });
    await wecom.release();
    expect(await first).toMatchObject({ status: 200 });
    expect(await sent()).toBe(1);
  });

  test('at one moment from ten functions in two processes has one effect', async () => {
    const processes = [start('wecom/delete-user'), start('wecom/delete-user')];

    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, instance) => processes[instance % 2]?.invoke(lisi, { instance })),
    );

    const firsts = answers.filter((answer) => answer?.status === 200 && !answer.headers['idempotent-replayed']);
    expect(firsts).toHaveLength(1);
    expect(new Set(answers.map(codeOf))).toEqual(new Set([200, 'idempotency_in_progress']));
    expect(await sent()).toBe(1);
  });
});

describe('an error', () => {
  test.each<[string, fault: Record<string, unknown> | undefined, userid: string]>([
    ['not_found', undefined, 'chenbo'],
    ['provider_rejected', { errcode: 60125 }, 'lisi'],
    ['verification_failed', { errcode: 0 }, 'lisi'],
    ['provider_unexpected', { body: '{"errcode":' }, 'lisi'],
  ])('%s is stored, though the same request would succeed now', async (code, then, userid) => {
    if (then) await wecom.faults({ method: 'GET', path: deletePath, then });
    const first = await remove(userid);
    await invoke(createUser, { body: chenbo });

    const replay = await remove(userid);

    expect(first.body.code).toBe(code);
    expect(replay).toEqual({ ...first, headers: { ...first.headers, 'idempotent-replayed': 'true' } });
  });

  test('of unknown effect is stored: the key does not send again', async () => {
    await wecom.faults(
      { method: 'GET', path: deletePath, then: { drop: 'after' } },
      { path: '/cgi-bin/user/list_id', times: 9, then: { status: 500 } },
    );
    expect(await remove()).toMatchObject({ status: 504, body: { outcome: 'unknown' } });

    expect(await remove()).toMatchObject({ status: 504, headers: { 'idempotent-replayed': 'true' } });
    expect(await sent()).toBe(1);
  });

  test('halted is not stored', async () => {
    const halt = { pk: 'halt', sk: 'halt', reason: 'audit', by: 'ops' };
    await store.put(halt);
    expect(codeOf(await remove())).toBe('halted');

    await store.delete(halt);

    expect(codeOf(await remove())).toBe(200);
  });

  test('locked is not stored', async () => {
    await wecom.hold(deletePath, { method: 'GET' });
    const other = invoke(deleteUser, { path: { userid: 'lisi' } });
    await wecom.came(deletePath);
    expect(codeOf(await remove())).toBe('locked');
    await wecom.release();
    await other;

    expect(codeOf(await remove())).toBe('not_found');
  });

  test('with 503 that changed nothing is not stored', async () => {
    await wecom.faults({ method: 'GET', path: deletePath, times: 2, then: { drop: 'before' } });
    expect(await remove()).toMatchObject({ status: 503, body: { outcome: 'not_applied' } });

    expect(codeOf(await remove())).toBe(200);
  });
});

describe('when the function of a keyed request has died', () => {
  /** A replay so many seconds later, after a run of the settling. */
  const replayAt = async (seconds: number) => {
    const aheadMs = seconds * 1000;
    await start('cleanup/settle-intents').trigger({ aheadMs });
    return start('wecom/delete-user').invoke(lisi, { aheadMs });
  };
  const die = async (when: 'sent' | 'answered') =>
    expect(await start('wecom/delete-user').invoke(lisi, { killAt: `${when} ${deletePath}` })).toBeUndefined();

  test('after its effect, a replay is in progress, then locked, and once settled a success', async () => {
    await die('answered');

    expect(codeOf(await replayAt(10))).toBe('idempotency_in_progress');
    expect(codeOf(await replayAt(40))).toBe('locked');
    expect(codeOf(await replayAt(41))).toBe('locked');
    expect(await replayAt(120)).toMatchObject({
      status: 200,
      body: { outcome: 'deleted', verified: true, response: null, warnings: ['upstream_error_but_verified'] },
    });
    expect(await replayAt(130)).toMatchObject({ status: 200, headers: { 'idempotent-replayed': 'true' } });
    expect(await sent()).toBe(1);
  });

  test('the ledger is read too when the store loses its answer to the replay', async () => {
    await die('answered');
    await start('cleanup/settle-intents').trigger({ aheadMs: 120_000 });
    storeProxy.loseAnswer('PutItem');

    const replay = await start('wecom/delete-user').invoke(lisi, { aheadMs: 120_000 });

    expect(replay).toMatchObject({ status: 200, body: { outcome: 'deleted', response: null } });
    expect(await sent()).toBe(1);
  });

  test('before it was sent, a replay sends it once it is settled', async () => {
    await die('sent');

    expect(codeOf(await replayAt(40))).toBe('locked');
    expect(await replayAt(120)).toMatchObject({ status: 200, body: { response: { errcode: 0 } } });
    expect(await sent()).toBe(1);
  });

  test('a replay with another path is a mismatch all the same', async () => {
    await die('answered');

    const other = { path: { userid: 'wangwu' }, headers };
    expect(codeOf(await start('wecom/delete-user').invoke(other, { aheadMs: 120_000 }))).toBe('idempotency_mismatch');
  });

  test('and nobody can tell what it did, a replay says so and sends nothing', async () => {
    await die('answered');
    await wecom.faults({ path: '/cgi-bin/user/list_id', times: 99, then: { status: 500 } });

    expect(await replayAt(25 * 3600 - 2 * 3600)).toMatchObject({ body: { code: 'locked' } });
    expect(await replayAt(25 * 3600)).toMatchObject({ status: 504, body: { outcome: 'unknown' } });
    expect(await sent()).toBe(1);
  });
});

test('a replay of a request that died between ledger and answer says what was said, and no more', async () => {
  await dingtalk.faults({ path: '/topapi/v2/user/create', then: { errcode: 40103 } });
  const invited = { userid: 'newhire', name: '新人', mobile: '13900007777', dept_id_list: [1] };
  const first = await invoke(createDingtalkUser, { body: invited, headers });
  expect(first).toMatchObject({ status: 202, body: { outcome: 'pending_consent' } });
  await forgetAnswer();

  const replay = await invoke(createDingtalkUser, { body: invited, headers });

  expect(replay).toMatchObject({
    status: 202,
    body: { userid: 'newhire', outcome: 'pending_consent', verified: 'unverified', response: null },
  });
  expect(await dingtalk.requests('/topapi/v2/user/create')).toHaveLength(1);
});

/** Leaves the one record as a function leaves it that dies before it has stored its answer. */
async function forgetAnswer(): Promise<void> {
  const { Items = [] } = await table.send(new ScanCommand({ TableName: process.env.USHER_TABLE }));
  const record = Items.map((item) => unmarshall(item)).find(({ pk }) => String(pk).startsWith('idempotency#'));
  const { answer: _, ...dead } = record ?? {};
  await store.put({ ...(dead as Item), status: 'INPROGRESS', inProgressUntil: 1 });
}

test('a retry that arrives after a newer write gives its own old answer, and undoes nothing', async () => {
  const enable = (value: 0 | 1, key: string) =>
    invoke(updateUser, { path: { userid: 'lisi' }, body: { enable: value }, headers: { 'idempotency-key': key } });
  await enable(0, 'first');
  await enable(1, 'second');

  const late = await enable(0, 'first');

  expect(late).toMatchObject({ body: { outcome: 'disabled' }, headers: { 'idempotent-replayed': 'true' } });
  expect(await sent('/cgi-bin/user/update')).toBe(2);
  const { members } = await wecom.state();
  expect(members.find(({ userid }: { userid: string }) => userid === 'lisi').enable).toBe(1);
});

test('a replay whose record goes away while it looks may come again', async () => {
  await wecom.faults(
    { method: 'GET', path: deletePath, then: { delayMs: 600_000, drop: 'before' } },
    { method: 'GET', path: deletePath, then: { drop: 'before' } },
  );
  const first = remove();
  await wecom.came(deletePath);
  storeProxy.hold(
    'GetItem',
    wecom.release().then(() => first),
  );

  expect(codeOf(await remove())).toBe('idempotency_in_progress');
  expect((await first).status).toBe(503);
  expect(codeOf(await remove())).toBe(200);
});

test('an answer that cannot be stored still arrives', async () => {
  await wecom.hold(deletePath, { method: 'GET' });
  const first = remove();
  await wecom.came(deletePath);
  storeProxy.refuse();
  await wecom.release();

  expect(await first).toMatchObject({ status: 200, body: { outcome: 'deleted' } });
});

test('a creation is repeated by its key, not by its userid', async () => {
  await create();

  expect(codeOf(await create())).toBe(200);
  expect(codeOf(await invoke(createUser, { body: chenbo }))).toBe('conflict');
  expect(await sent(createPath)).toBe(2);
});
