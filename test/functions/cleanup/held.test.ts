import { store } from '../../../functions/shared/store.ts';
import { deleteAll } from '../../../functions/shared/store-many.ts';
import type { Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { cleanups, offboardings } from '../../support/runs.ts';
import { time } from '../../support/time.ts';
import { consoles, halt, putItem } from '../offboarding/support.ts';
import { directories, hourMs, members, resultOf } from './support.ts';

const cleanup = cleanups();
const { wecom, dingtalk, lambda } = cleanup;
const { everybody, leave } = directories(cleanup);
const log = logLines();

const apply = { policy: 'roster', provider: 'wecom', mode: 'apply' };

const expectNobody = async (body: Json, reason: string | RegExp) => {
  const ended = await cleanup.end(body);

  expect(ended.status).toBe('needs_attention');
  expect(resultOf(ended)).toMatchObject({ status: 'needs_attention', found: 0, ids: [] });
  expect(resultOf(ended).reason).toMatch(reason);
  expect(await cleanup.writes()).toEqual([]);
};

describe('a roster that is not whole finds nobody:', () => {
  const chunks = async () => Array.fromAsync(store.queryAll('roster#wecom', 'chunk#'));

  test('one of its chunks is missing', async () => {
    await wecom.reset({ members: 600 });
    await leave('wecom');
    await deleteAll((await chunks()).slice(1));

    await expectNobody(apply, /^conflict: the roster of wecom is not complete: \d+ of 6\d\d ids are there/);
  });

  test('its rows are fewer than were counted', async () => {
    await leave('wecom');
    for (const chunk of await chunks()) await putItem({ ...chunk, ids: (chunk.ids as string[]).slice(1) });

    await expectNobody(apply, 'the roster of wecom is not complete');
  });

  test('it is empty', async () => {
    await leave('wecom');
    await deleteAll(await chunks());
    const head = await store.get({ pk: 'roster#wecom', sk: 'head' });
    await putItem({ ...head, rows: 0, chunks: 0 });

    await expectNobody(apply, 'the roster of wecom is empty; nobody was looked for');
  });

  test('it is older than 36 hours', async () => {
    await leave('wecom', 'lisi');
    time.advance(36 * hourMs - 60_000);
    expect(resultOf(await cleanup.end({ policy: 'roster', provider: 'wecom' })).found).toBe(1);

    time.advance(60_000);
    await expectNobody(
      apply,
      'the roster of wecom is 36 hours old, and who joined since is not on it; nobody was looked for. ' +
        'Upload it again with PUT /rosters/wecom.',
    );
  });
});

describe('a directory that is not whole finds nobody, and is read again later:', () => {
  test.each([
    ['wecom', '/cgi-bin/user/list_id'],
    ['dingtalk', '/topapi/v2/department/listsubid'],
    ['dingtalk', '/topapi/user/listid'],
    ['dingtalk', '/topapi/user/listadmin'],
  ] as const)('%s fails at %s', async (provider, path) => {
    await leave(provider, 'lisi');
    await cleanup[provider].faults({ path, times: 10, then: { status: 503 } });

    const { body } = await cleanup.start({ ...apply, provider });
    await lambda.settled();
    const failing = await cleanup.get(body.id);
    expect(failing.status).toBe('running');
    expect(resultOf(failing)).toMatchObject({ status: 'pending', found: 0, ids: [] });
    expect(resultOf(failing).reason).toMatch(/^provider_unavailable/);
    expect(await cleanup.writes()).toEqual([]);

    const ended = await cleanup.toEndOf(body.id);
    expect(resultOf(ended)).toMatchObject({ status: 'succeeded', ids: ['lisi'] });
  });

  test('DingTalk lists fewer than it counts', async () => {
    await leave('dingtalk', 'lisi');
    const body = { errcode: 0, errmsg: 'ok', request_id: 'lie', result: { userid_list: [] } };
    await dingtalk.faults({ path: '/topapi/user/listid', times: 2, then: { body: JSON.stringify(body) } });

    await expectNobody({ ...apply, provider: 'dingtalk' }, 'the directory could not be read whole');
  });

  test('WeCom names nobody', async () => {
    await leave('wecom', 'lisi');
    const body = { errcode: 0, errmsg: 'ok', next_cursor: '', dept_user: [] };
    await wecom.faults({ path: '/cgi-bin/user/list_id', then: { body: JSON.stringify(body) } });

    await expectNobody(apply, 'its id list names nobody');
  });
});

describe('the job of a cleanup is held', () => {
  test('when the roster is smaller by more than the fence allows, until somebody approves it', async () => {
    await wecom.reset({ members: 100 });
    await leave('wecom', ...members(21));

    const ended = await cleanup.end(apply);
    expect(resultOf(ended)).toMatchObject({ status: 'succeeded', found: 21, job: { status: 'held', total: 21 } });
    expect(resultOf(ended).held).toMatch(/^fence_tripped: 21 removals from wecom are asked for at once, and 10 are/);
    expect(await cleanup.writes()).toEqual([]);
    expect(log.parsed()).toContainEqual(expect.objectContaining({ fence_tripped: 1 }));
    expect(log.parsed()).toContainEqual(expect.objectContaining({ run_needs_attention: 1, runId: ended.id }));

    const job = await cleanup.jobOf(resultOf(ended).job.id);
    expect((await cleanup.approve(job)).status).toBe(200);
    expect((await cleanup.apply(job)).status).toBe(202);
    await cleanup.toEnd(job.id);
    expect(resultOf(await cleanup.get(ended.id)).job).toMatchObject({ status: 'completed', succeeded: 21 });
  });

  test('when a small company would lose two people at once', async () => {
    expect((await everybody('wecom')).length).toBeLessThan(20);
    await leave('wecom', 'lisi', 'wangwu');

    expect(resultOf(await cleanup.end(apply))).toMatchObject({ found: 2, job: { status: 'held' } });
    expect(await cleanup.writes()).toEqual([]);
  });

  test('when four eyes are wanted, until another caller has approved it', async () => {
    cleanup.settings({ approval: 'four-eyes' });
    await leave('wecom', 'lisi');

    const ended = await cleanup.end(apply);
    expect(resultOf(ended)).toMatchObject({ found: 1, held: expect.stringMatching(/^four-eyes/) });
    const job = await cleanup.jobOf(resultOf(ended).job.id);
    expect(job.status).toBe('held');
    expect((await cleanup.approve(job)).status).toBe(409);
    expect(await cleanup.writes()).toEqual([]);

    const other = 'arn:aws:iam::000000000000:user/second';
    expect((await cleanup.approve(job, other)).status).toBe(200);
    expect((await cleanup.apply(job)).status).toBe(202);
    expect(await cleanup.toEnd(job.id)).toMatchObject({ status: 'completed', succeeded: 1 });
  });

  test('when everything was halted meanwhile', async () => {
    await leave('wecom', 'lisi');
    await wecom.faults({ path: '/cgi-bin/user/list_id', times: 10, then: { status: 503 } });
    const { body } = await cleanup.start(apply);
    await lambda.settled();
    await halt();

    const ended = await cleanup.toEndOf(body.id);

    expect(resultOf(ended)).toMatchObject({ found: 1, job: { status: 'planned' } });
    expect(resultOf(ended).held).toMatch(/^halted: /);
    expect(await cleanup.start(apply)).toMatchObject({ status: 409, body: { code: 'halted' } });
  });
});

describe('an account that an offboarding removes in its own time is left to it', () => {
  const offboarding = offboardings(cleanup);
  const console = consoles(offboarding);

  test.each(['wecom', 'dingtalk', 'wibiclick'] as const)('in %s', async (provider) => {
    const leaver = { wecom: 'lisi', dingtalk: 'lisi', wibiclick: '102' }[provider];
    await leave(provider, leaver);
    const account = provider === 'wibiclick' ? { userId: leaver } : { userid: leaver };
    const id = await offboarding.start({ accounts: { [provider]: account } });
    if (provider === 'wibiclick') await console.connect(leaver, '201');

    expect(resultOf(await cleanup.end({ policy: 'roster', provider }))).toMatchObject({ found: 0, ids: [] });

    expect((await offboarding.cancel(id)).status).toBe(202);
    await lambda.settled();
    time.advance(37 * hourMs);
    await leave(provider, leaver);
    expect(resultOf(await cleanup.end({ policy: 'roster', provider })).ids).toEqual([leaver]);
  });
});

describe('a job that was held is looked at again when it is applied:', () => {
  const one = 'arn:aws:iam::000000000000:user/one';
  const byHand = consoles(offboardings(cleanup));

  /** Held by four eyes, and approved. */
  async function approved(body: object): Promise<Json> {
    cleanup.settings({ approval: 'four-eyes' });
    const { job } = resultOf(await cleanup.end({ ...body, mode: 'apply' }));
    const plan = await cleanup.jobOf(job.id);
    expect(plan.status).toBe('held');
    expect((await cleanup.approve(plan, one)).status).toBe(200);
    return plan;
  }

  const expectRefused = async (plan: Json, userid: string) => {
    const answer = await cleanup.apply(plan);
    expect(answer).toMatchObject({ status: 409, body: { code: 'conflict', outcome: 'not_applied' } });
    expect(answer.body.detail).toContain(`would not find ${userid} any more`);
    expect(await cleanup.writes()).not.toContainEqual(
      expect.objectContaining({ path: expect.stringMatching(/delete/) }),
    );
  };

  test('who is still off the roster goes', async () => {
    await leave('wecom', 'lisi');
    const plan = await approved(apply);

    expect((await cleanup.apply(plan)).status).toBe(202);
    expect(await cleanup.toEnd(plan.id)).toMatchObject({ status: 'completed', succeeded: 1 });
  });

  test('who is on a new roster stays', async () => {
    await leave('wecom', 'lisi', 'wangwu');
    const plan = await approved(apply);
    await leave('wecom', 'lisi');

    await expectRefused(plan, 'wangwu');
  });

  test('a member whom somebody enabled in the console stays', async () => {
    await cleanup.toEnd(await cleanup.begin('wecom/update-user', [{ userid: 'lisi', enable: 0 }]));
    lambda.advance(31 * 24 * hourMs);
    const plan = await approved({ policy: 'wecom-disabled' });
    await byHand.changeMember('lisi', { enable: 1 });

    await expectRefused(plan, 'lisi');
  });
});
