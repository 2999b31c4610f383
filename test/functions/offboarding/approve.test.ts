import { logLines } from '../../support/log-lines.ts';
import { offboardings, stepOf } from '../../support/runs.ts';
import { changeStored, consoles, everywhere, fence, halt, onlyWecom, onlyWibiclick, setEnv } from './support.ts';

const offboarding = offboardings();
const { lambda } = offboarding;
const by = consoles(offboarding);
logLines();

const alice = 'arn:aws:iam::000000000000:user/alice';
const bob = 'arn:aws:iam::000000000000:user/bob';
const wangwuLeaves = { accounts: { wecom: { userid: 'wangwu' } } };

describe('with the setting four-eyes', () => {
  beforeEach(() => offboarding.settings({ approval: 'four-eyes' }));

  test('a plan is held at once, and applied only after somebody else has approved it', async () => {
    const { body: planned } = await offboarding.plan(onlyWecom, alice);
    expect(planned.status).toBe('held');

    const tooEarly = await offboarding.apply(planned.id, planned.digest, bob);
    expect(tooEarly).toMatchObject({ status: 409, body: { code: 'conflict', runStatus: 'held' } });

    const own = await offboarding.approve(planned.id, planned.digest, alice);
    expect(own).toMatchObject({ status: 409, body: { code: 'conflict', runStatus: 'held' } });
    expect((await offboarding.get(planned.id)).approval).toBeUndefined();
    expect((await offboarding.apply(planned.id, planned.digest, alice)).status).toBe(409);
    expect(await by.sent()).toEqual([]);

    const approved = await offboarding.approve(planned.id, planned.digest, bob);
    expect(approved).toMatchObject({ status: 200, body: { status: 'planned', approval: { by: bob } } });
    expect((await offboarding.apply(planned.id, planned.digest, alice)).status).toBe(202);
    await lambda.settled();
    expect((await by.memberOf('lisi')).enable).toBe(0);
  });

  test('two sessions of one role are one caller', async () => {
    const session = (name: string) => `arn:aws:sts::000000000000:assumed-role/usher/${name}`;
    const { body: planned } = await offboarding.plan(onlyWecom, session('alice'));

    const answer = await offboarding.approve(planned.id, planned.digest, session('bob'));

    expect(answer).toMatchObject({ status: 409, body: { code: 'conflict' } });
  });

  test('an approval dies with its digest', async () => {
    const { body: planned } = await offboarding.plan(onlyWecom, alice);
    await offboarding.approve(planned.id, planned.digest, bob);
    await by.changeMember('lisi', { department: [2] });

    const { body: fresh } = await offboarding.apply(planned.id, planned.digest, alice);

    expect(fresh.code).toBe('plan_drifted');
    expect(await offboarding.get(planned.id)).toMatchObject({ status: 'held', digest: fresh.digest });
    expect((await offboarding.get(planned.id)).approval).toBeUndefined();
    const unapproved = await offboarding.apply(planned.id, fresh.digest, alice);
    expect(unapproved).toMatchObject({ status: 409, body: { code: 'conflict', runStatus: 'held' } });
    expect(await by.sent()).toEqual([]);
  });

  test('an approval of another digest does not count', async () => {
    const { body: planned } = await offboarding.plan(onlyWecom, alice);
    await changeStored(planned.id, { approval: { by: bob, at: 0, digest: 'f'.repeat(64) } });

    expect((await offboarding.apply(planned.id, planned.digest, alice)).body.code).toBe('conflict');
  });

  test('an approval is used once, and a run that was applied takes no other', async () => {
    const { body: planned } = await offboarding.plan(onlyWecom, alice);
    await offboarding.approve(planned.id, planned.digest, bob);
    await offboarding.apply(planned.id, planned.digest, alice);
    await lambda.settled();

    const again = await offboarding.apply(planned.id, planned.digest, alice);
    expect(again).toMatchObject({ status: 409, body: { code: 'conflict', runStatus: 'grace' } });
    const late = await offboarding.approve(planned.id, planned.digest, bob);
    expect(late).toMatchObject({ status: 409, body: { code: 'conflict', runStatus: 'grace' } });
  });
});

describe('with a plan that does not fit the budget', () => {
  beforeEach(() => fence(1));

  test('apply trips the fence with the numbers, and the run is held', async () => {
    const { body: planned } = await offboarding.plan(everywhere);

    const answer = await offboarding.apply(planned.id, planned.digest);

    expect(answer).toMatchObject({ status: 409, body: { code: 'fence_tripped', outcome: 'not_applied' } });
    expect(answer.body.detail).toMatch(/^0 of 1 removals from wecom .* 2 more are asked for/);
    expect(answer.body.fix).toContain(`/offboardings/${planned.id}/approve`);
    expect(await offboarding.get(planned.id)).toMatchObject({ status: 'held', digest: planned.digest });
    expect(await by.sent()).toEqual([]);
  });

  test('what other runs have removed counts', async () => {
    fence(3);
    await offboarding.start({ ...wangwuLeaves, graceDays: 0 });
    const { body: planned } = await offboarding.plan(onlyWecom);

    const answer = await offboarding.apply(planned.id, planned.digest);

    expect(answer.body.detail).toMatch(/^2 of 3 removals from wecom .* 2 more are asked for/);
  });

  test('an approval lets exactly this plan through, and all of its writes', async () => {
    const { body: planned } = await offboarding.plan({ ...everywhere, graceDays: 0 });
    const { body: other } = await offboarding.plan(wangwuLeaves);
    await offboarding.apply(planned.id, planned.digest);

    const approved = await offboarding.approve(planned.id, planned.digest, bob);
    expect(approved).toMatchObject({ status: 200, body: { status: 'planned', approval: { by: bob } } });
    expect((await offboarding.apply(other.id, other.digest)).body.code).toBe('fence_tripped');
    expect((await offboarding.apply(planned.id, planned.digest)).status).toBe(202);

    const run = await offboarding.toEnd(planned.id);
    expect(run.status).toBe('completed');
    expect(await by.memberOf('lisi')).toBeUndefined();
    expect(await by.userOf('sunqi')).toBeUndefined();
    expect(await by.memberOf('wangwu')).toMatchObject({ enable: 1 });
  });

  test('a fresh plan needs an approval of its own', async () => {
    const { body: planned } = await offboarding.plan(onlyWibiclick);
    await offboarding.approve(planned.id, planned.digest, bob);
    await by.connect('101', '203');

    const { body: fresh } = await offboarding.apply(planned.id, planned.digest);
    expect(fresh.code).toBe('plan_drifted');

    expect((await offboarding.apply(planned.id, fresh.digest)).body.code).toBe('fence_tripped');
    expect((await offboarding.approve(planned.id, planned.digest, bob)).body.code).toBe('plan_drifted');
    expect(await by.sent()).toEqual([]);
  });

  test('an approval lifts the numbers only: no protection and no halt', async () => {
    const { body: planned } = await offboarding.plan(onlyWecom);
    await offboarding.approve(planned.id, planned.digest, bob);

    setEnv({ USHER_WECOM_PROTECTED: 'lisi' });
    expect((await offboarding.apply(planned.id, planned.digest)).body.code).toBe('protected');
    setEnv({ USHER_WECOM_PROTECTED: '' });
    await halt();
    expect((await offboarding.apply(planned.id, planned.digest)).body.code).toBe('halted');
    expect(await by.sent()).toEqual([]);
  });
});

test('a run without an approval waits when the budget is spent after its apply', async () => {
  const id = await offboarding.start({ ...onlyWecom, graceDays: 1 });
  fence(0);
  lambda.advance(86_400_000 + 60_000);
  await lambda.settled();

  const held = await offboarding.get(id);
  expect(stepOf(held, 'wecom', 'remove')).toMatchObject({
    status: 'pending',
    reason: expect.stringMatching(/^fence_/),
  });
  expect(await by.memberOf('lisi')).toBeDefined();

  fence(50);
  expect((await offboarding.toEnd(id)).status).toBe('completed');
});
