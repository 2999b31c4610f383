import { handler as settleIntents } from '../../../functions/cleanup/settle-intents.ts';
import { Deadline } from '../../../functions/shared/clock.ts';
import { openIntent } from '../../../functions/shared/ledger.ts';
import { handler as readLedger } from '../../../functions/system/ledger.ts';
import { handler as deleteUser } from '../../../functions/wecom/delete-user.ts';
import { handler as updateUser } from '../../../functions/wecom/update-user.ts';
import { invoke, lambdaContext } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { simulated } from '../../support/providers.ts';
import { time } from '../../support/time.ts';

const wecom = simulated('wecom');
const wibiclick = simulated('wibiclick');
const log = logLines();
const deletePath = '/cgi-bin/user/delete';
const listPath = '/cgi-bin/user/list_id';
const dayMs = 86_400_000;

const settle = () => settleIntents({}, lambdaContext());
const entries = async () => (await invoke(readLedger, { query: 'subject=wecom:lisi' })).body.items;
const listed = (...userids: string[]) => ({
  body: JSON.stringify({ errcode: 0, dept_user: userids.map((userid) => ({ userid, department: 1 })) }),
});
const unreadable = (times: number) => wecom.faults({ path: listPath, times, then: { status: 500 } });

/** A delete whose effect nobody could read: `applied` or not, its intent is open and its lease is over. */
const leaveOpen = async (applied: boolean) => {
  await wecom.faults({ method: 'GET', path: deletePath, then: { drop: applied ? 'after' : 'before' } });
  await unreadable(3);
  expect((await invoke(deleteUser, { path: { userid: 'lisi' } })).status).toBe(504);
  time.advance(120_000);
};

test.each([
  [true, 'succeeded', 404],
  [false, 'failed', 200],
])('records what is true, gives the lock back and sends nothing: applied %s', async (applied, state, next) => {
  await leaveOpen(applied);
  expect(await entries()).toMatchObject([{ state: 'unknown' }]);

  expect(await settle()).toMatchObject({ [state]: 1, left: 0 });

  expect(await entries()).toMatchObject([{ state, settledAt: expect.any(String) }]);
  expect(await wecom.requests(deletePath)).toHaveLength(1);
  expect((await invoke(deleteUser, { path: { userid: 'lisi' } })).status).toBe(next);
});

test('reads twice, with a second in between', async () => {
  await leaveOpen(true);
  const before = (await wecom.requests(listPath)).length;
  time.waits = [];

  await settle();

  expect((await wecom.requests(listPath)).length - before).toBe(2);
  expect(time.waits).toContain(1_000);
});

test('leaves open what two reads tell differently, and settles it when they agree', async () => {
  await leaveOpen(true);
  await wecom.faults({ path: listPath, then: listed('lisi') });

  expect(await settle()).toMatchObject({ succeeded: 0, failed: 0, left: 1 });
  expect((await invoke(deleteUser, { path: { userid: 'lisi' } })).body.code).toBe('locked');

  expect(await settle()).toMatchObject({ succeeded: 1, left: 0 });
});

test('leaves open what cannot be read, for a day; then it is unknown for good and the lock is given back', async () => {
  await leaveOpen(false);
  await unreadable(99);

  expect(await settle()).toMatchObject({ unknown: 0, left: 1 });
  time.advance(dayMs - 300_000);
  expect(await settle()).toMatchObject({ unknown: 0, left: 1 });
  time.advance(300_000);
  expect(await settle()).toMatchObject({ unknown: 1, left: 0 });

  const [entry] = await entries();
  expect(entry).toMatchObject({ state: 'unknown', settledAt: expect.any(String) });
  expect((await invoke(deleteUser, { path: { userid: 'lisi' } })).body.code).not.toBe('locked');
});

test('gives the lock back at once when no read can ever prove the effect', async () => {
  await wecom.secret({ appSecret: undefined });
  await wecom.faults({ path: '/cgi-bin/user/update', then: { drop: 'after' } });
  expect((await invoke(updateUser, { path: { userid: 'lisi' }, body: { name: '李四' } })).status).toBe(504);
  time.advance(120_000);

  expect(await settle()).toMatchObject({ unknown: 1, left: 0 });

  expect(await entries()).toMatchObject([{ state: 'unknown', settledAt: expect.any(String) }]);
});

test('run twice at once, as by a duplicate delivery, leaves one entry', async () => {
  await leaveOpen(true);

  await Promise.all([settle(), settle()]);

  expect(await entries()).toMatchObject([{ state: 'succeeded' }]);
  expect(await settle()).toEqual({ succeeded: 0, failed: 0, unknown: 0, left: 0 });
});

test('a slow run does not touch a write that began meanwhile', async () => {
  await leaveOpen(false);
  await wecom.hold(listPath);
  const slow = settle();
  await wecom.came(listPath);
  expect(await settle()).toMatchObject({ failed: 1 });
  await leaveOpen(true);
  await wecom.release();

  await slow;

  expect(await entries()).toMatchObject([{ state: 'unknown' }, { state: 'failed' }]);
});

test('does not touch a write that is under way', async () => {
  await wecom.hold(deletePath, { method: 'GET' });
  const underWay = invoke(deleteUser, { path: { userid: 'lisi' } });
  await wecom.came(deletePath);

  expect(await settle()).toEqual({ succeeded: 0, failed: 0, unknown: 0, left: 0 });
  await wecom.release();
  expect((await underWay).status).toBe(200);
});

test('logs which write cannot be settled yet, by its ids only', async () => {
  await leaveOpen(false);
  await unreadable(9);

  await settle();

  const line = log.parsed().find(({ message }) => message === 'an intent cannot be settled yet');
  expect(line).toMatchObject({ subject: 'wecom:lisi', code: 'provider_unavailable' });
});

describe('a job that was killed', () => {
  const websitesPath = '/get-websites-for-user';
  const members = (count: number) =>
    Array.from({ length: count }, (_, n) => `member-${String(n + 1).padStart(5, '0')}`);
  const write = { requestId: 'r-1', caller: 'test', operation: 'jobs/run-job', outcome: 'deleted' };
  const leavers = (userids: string[]) =>
    userids.map((userid) => ({ ...write, subject: `wecom:${userid}`, expects: { userid, exists: false } }));
  const disconnections = (userIds: string[]) =>
    userIds.map((userId) => ({
      ...write,
      subject: `wibiclick:${userId}`,
      expects: { userId, websiteId: '201', connected: false },
    }));
  const stateOf = async (subject: string) =>
    (await invoke(readLedger, { query: `subject=${subject}` })).body.items[0].state;

  /** It had these writes under way, and its lease is over. */
  const leaveAllOpen = async (intents: Parameters<typeof openIntent>[0][]) => {
    for (const intent of intents) await openIntent(intent, 0);
    time.advance(120_000);
  };

  test('leaves 300 deletions of which half took effect: two readings of the id list settle them all', async () => {
    await wecom.reset({ members: 300 });
    const userids = members(300);
    const inputs = userids.slice(0, 150).map((userid) => ({ userid }));
    await deleteUser.bulk.connect(new Deadline(25_000)).run(inputs);
    await leaveAllOpen(leavers(userids));
    const before = (await wecom.requests(listPath)).length;

    expect(await settle()).toEqual({ succeeded: 150, failed: 150, unknown: 0, left: 0 });

    expect((await wecom.requests(listPath)).length - before).toBe(2);
    expect(await stateOf('wecom:member-00150')).toBe('succeeded');
    expect(await stateOf('wecom:member-00151')).toBe('failed');
    expect((await invoke(deleteUser, { path: { userid: 'member-00151' } })).status).toBe(200);
  });

  test('leaves open what two readings of the id list tell differently', async () => {
    await leaveAllOpen(leavers(['ghost', 'lisi']));
    await wecom.faults({ path: listPath, then: listed('ghost', 'lisi') });

    expect(await settle()).toEqual({ succeeded: 0, failed: 1, unknown: 0, left: 1 });
  });

  test('an id list that names nobody proves nothing', async () => {
    await leaveAllOpen(leavers(['lisi']));
    await wecom.faults({ path: listPath, times: 2, then: listed() });

    expect(await settle()).toMatchObject({ succeeded: 0, left: 1 });
  });

  test('no provider that cannot be read keeps the others', async () => {
    await wibiclick.reset({ members: 30 });
    await leaveAllOpen([...leavers(members(30)), ...disconnections(members(30))]);
    await unreadable(99);

    expect(await settle()).toEqual({ succeeded: 0, failed: 30, unknown: 0, left: 30 });

    expect(await stateOf('wibiclick:member-00030')).toBe('failed');
    expect(await stateOf('wecom:member-00030')).toBe('unknown');
  });

  test('more than there is time for is left to the next run', async () => {
    await wibiclick.reset({ members: 60 });
    await leaveAllOpen(disconnections(members(60)));
    await wibiclick.faults({ method: 'GET', path: websitesPath, times: 999, then: { status: 500 } });

    expect(await settle()).toMatchObject({ failed: 0, left: 60 });
    const asked = (await wibiclick.requests(websitesPath)).map(({ query }) => query.id);
    expect(new Set(asked).size).toBeLessThan(30);

    await wibiclick.reset({ members: 60 });
    expect(await settle()).toEqual({ succeeded: 0, failed: 60, unknown: 0, left: 0 });
  });
});
