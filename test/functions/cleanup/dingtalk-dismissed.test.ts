import { handler as createMember } from '../../../functions/wecom/create-user.ts';
import { handler as connect } from '../../../functions/wibiclick/connect-user.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { cleanups, dayMs, offboardings } from '../../support/runs.ts';
import { time } from '../../support/time.ts';
import { consoles } from '../offboarding/support.ts';
import { directories, members, resultOf } from './support.ts';

const cleanup = cleanups();
const { dingtalk, lambda } = cleanup;
const byHand = consoles(offboardings(cleanup));
const { everybody, leave } = directories(cleanup);

const dismissions = '/v1.0/hrm/employees/dismissions';
const policy = { policy: 'dingtalk-dismissed', provider: 'wecom' };
const find = async (): Promise<Json> => resultOf(await cleanup.end(policy));
const dismissedAre = (userIdList: string[]) =>
  dingtalk.faults({
    method: 'GET',
    path: dismissions,
    times: 100,
    then: { body: JSON.stringify({ userIdList, nextToken: 0, hasMore: false }) },
  });

beforeEach(() => leave('wecom'));

test('who was dismissed in DingTalk and is on the roster elsewhere is reported there', async () => {
  await byHand.deleteUser('lisi');

  const ended = await cleanup.end(policy);

  expect(ended).toMatchObject({ status: 'completed', policy: 'dingtalk-dismissed', mode: 'report' });
  expect(ended.results).toEqual([{ ...policy, mode: 'report', status: 'succeeded', found: 1, ids: ['lisi'] }]);
  expect(await everybody('wecom')).toContain('lisi');
});

test('and is removed by a job, if that is wanted', async () => {
  await byHand.deleteUser('lisi');

  const { job } = resultOf(await cleanup.end({ ...policy, mode: 'apply' }));

  expect(await cleanup.toEnd(job.id)).toMatchObject({ status: 'completed', operation: 'wecom/delete-user' });
  expect(await everybody('wecom')).not.toContain('lisi');
});

test('is disconnected in WibiClick, where the ids are the same', async () => {
  await leave('wibiclick');
  await dismissedAre(['103']);

  const { job, ids } = resultOf(await cleanup.end({ ...policy, provider: 'wibiclick', mode: 'apply' }));

  expect(ids).toEqual(['103']);
  expect(await cleanup.toEnd(job.id)).toMatchObject({ status: 'completed', operation: 'wibiclick/disconnect-user' });
});

test('all of the dismissed are read, however many there are', async () => {
  const page = (userIdList: string[], hasMore: boolean) => ({
    method: 'GET',
    path: dismissions,
    then: { body: JSON.stringify({ userIdList, nextToken: userIdList.length, hasMore }) },
  });
  await dingtalk.faults(page(members(1_000), true), page(['zhengshi', 'lisi'], false));
  await byHand.deleteUser('lisi');

  expect((await find()).ids).toEqual(['lisi']);
});

describe('nobody is found', () => {
  test('who was hired again', async () => {
    await byHand.recreateUser('lisi');

    expect(await find()).toMatchObject({ status: 'succeeded', found: 0, ids: [] });
    expect((await dingtalk.requests('/topapi/v2/user/get')).map(({ body }) => body.userid)).toContain('lisi');
  });

  test('whose id has another spelling', async () => {
    await dismissedAre(['LiSi']);

    expect(await find()).toMatchObject({ found: 0 });
  });

  test('who is not on the roster', async () => {
    await leave('wecom', 'lisi');
    await byHand.deleteUser('lisi');

    expect(await find()).toMatchObject({ found: 0 });
  });

  test('to whom Usher gave the account within 30 days', async () => {
    await invoke(createMember, { body: { userid: 'zhengshi', name: 'Z', mobile: '13900001111', department: [2] } });
    time.advance(29 * dayMs);
    await leave('wecom');
    expect(await find()).toMatchObject({ found: 0 });

    time.advance(2 * dayMs);
    await leave('wecom');
    expect((await find()).ids).toEqual(['zhengshi']);
  });

  test('to whom Usher gave a website within 30 days', async () => {
    await dismissedAre(['103']);
    expect((await invoke(connect, { path: { websiteId: '204', userId: '103' } })).status).toBe(200);
    await leave('wibiclick');

    expect(resultOf(await cleanup.end({ ...policy, provider: 'wibiclick' }))).toMatchObject({ found: 0 });
  });

  test('without Smart HR', async () => {
    await dingtalk.faults({ method: 'GET', path: dismissions, then: { errcode: 'corpNotOpenHrm' } });

    const ended = await cleanup.end({ ...policy, mode: 'apply' });

    expect(ended.status).toBe('completed');
    expect(resultOf(ended)).toMatchObject({ status: 'unsupported', found: 0, reason: expect.any(String) });
  });

  test('while a page of the list fails, and it is read again later', async () => {
    await byHand.deleteUser('lisi');
    await dingtalk.faults({ method: 'GET', path: dismissions, times: 10, then: { status: 503 } });

    const { body } = await cleanup.start({ ...policy, mode: 'apply' });
    await lambda.settled();
    expect(resultOf(await cleanup.get(body.id))).toMatchObject({ status: 'pending', found: 0 });

    expect(resultOf(await cleanup.toEndOf(body.id))).toMatchObject({ status: 'succeeded', ids: ['lisi'] });
  });
});
