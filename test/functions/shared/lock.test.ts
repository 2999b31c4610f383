import { handler as deleteUser } from '../../../functions/wecom/delete-user.ts';
import { invoke } from '../../support/invoke.ts';
import { lambdas } from '../../support/lambda.ts';
import { simulated } from '../../support/providers.ts';

const wecom = simulated('wecom');
const start = await lambdas();
const deletePath = '/cgi-bin/user/delete';
const lisi = { path: { userid: 'lisi' } };
const sentDeletes = async () => (await wecom.requests(deletePath)).length;

describe('while a write is under way in one process', () => {
  test.each([
    ['the same write', 'wecom/delete-user', { path: { userid: 'lisi' } }],
    ['the same write with the id in capitals', 'wecom/delete-user', { path: { userid: 'LiSi' } }],
    ['another write', 'wecom/create-user', { body: { userid: 'LISI', name: '李四', mobile: '13900005555' } }],
  ])('%s to that member is locked in another process, and not sent', async (_, id, request) => {
    await wecom.hold(deletePath, { method: 'GET' });
    const first = start('wecom/delete-user').invoke(lisi);
    await wecom.came(deletePath);

    const second = await start(id).invoke(request);

    expect(second).toMatchObject({
      status: 409,
      body: { code: 'locked', outcome: 'not_applied', retryable: true },
    });
    await wecom.release();
    expect(await first).toMatchObject({ status: 200 });
    expect(await sentDeletes()).toBe(1);
    expect(await wecom.requests('/cgi-bin/user/create')).toEqual([]);
  });

  test('a write to another member goes on', async () => {
    await wecom.hold(deletePath, { method: 'GET' });
    const first = start('wecom/delete-user').invoke(lisi);
    await wecom.came(deletePath);

    expect(await start('wecom/delete-user').invoke({ path: { userid: 'wangwu' } })).toMatchObject({ status: 200 });
    await wecom.release();
    expect(await first).toMatchObject({ status: 200 });
  });
});

test('of writes that begin at one moment in two processes exactly one is sent', async () => {
  await wecom.hold(deletePath, { method: 'GET' });
  const both = [start('wecom/delete-user'), start('wecom/delete-user')].map((process) => process.invoke(lisi));
  const refused = await Promise.race(both);
  await wecom.came(deletePath);
  await wecom.release();

  const answers = await Promise.all(both);

  expect(answers.map((answer) => answer?.body.code ?? answer?.status).sort()).toEqual([200, 'locked']);
  expect(refused?.body.code).toBe('locked');
  expect(await sentDeletes()).toBe(1);
});

test('the lock of a dead function is settled by reading, 60 s after its lease, and not broken', async () => {
  const [ledger, settle, next] = [start('system/ledger'), start('cleanup/settle-intents'), start('wecom/delete-user')];
  const at = async (seconds: number) => {
    const aheadMs = seconds * 1000;
    const settled = await settle.trigger({ aheadMs });
    const [entry] = (await ledger.invoke({ query: 'subject=wecom:lisi' }, { aheadMs }))?.body.items ?? [];
    const again = await next.invoke(lisi, { aheadMs });
    return { settled: settled.succeeded, state: entry.state, again: again?.body.code };
  };

  expect(await start('wecom/delete-user').invoke(lisi, { killAt: `answered ${deletePath}` })).toBeUndefined();

  // 25 s to the deadline and 30 s more are the lease.
  expect(await at(50)).toEqual({ settled: 0, state: 'intended', again: 'locked' });
  expect(await at(105)).toEqual({ settled: 0, state: 'unknown', again: 'locked' });
  expect(await at(120)).toEqual({ settled: 1, state: 'succeeded', again: 'not_found' });
  expect(await sentDeletes()).toBe(2);
});

test('a write whose effect stays unknown keeps the lock', async () => {
  await wecom.faults(
    { method: 'GET', path: deletePath, then: { drop: 'after' } },
    { path: '/cgi-bin/user/list_id', times: 9, then: { status: 500 } },
  );

  expect(await invoke(deleteUser, lisi)).toMatchObject({ status: 504, body: { outcome: 'unknown' } });
  expect(await invoke(deleteUser, lisi)).toMatchObject({ status: 409, body: { code: 'locked' } });
  expect(await sentDeletes()).toBe(1);
});
