import { clock } from '../../../functions/shared/clock.ts';
import { halt, lift } from '../../../functions/shared/halt.ts';
import { handler as deleteMember } from '../../../functions/wecom/delete-user.ts';
import { invoke, type Json, type TestAnswer } from '../../support/invoke.ts';
import { jobs, minuteMs } from '../../support/runs.ts';
import { time } from '../../support/time.ts';
import { storedItems } from '../offboarding/support.ts';
import { member, members } from './support.ts';

const job = jobs();
const hourMs = 3_600_000;

afterEach(() => {
  for (const name of ['USHER_FENCE', 'USHER_WECOM_PROTECTED', 'USHER_DINGTALK_PROTECTED', 'USHER_WIBICLICK_PROTECTED'])
    delete process.env[name];
});
/** To the first minute of an hour, so that no test runs into the next one unforeseen. */
beforeEach(() => time.advance(hourMs - (clock.now() % hourMs)));

const fence = (settings: object) => {
  process.env.USHER_FENCE = JSON.stringify(settings);
};

const protect = (userids: string) => {
  process.env.USHER_WECOM_PROTECTED = userids;
};

interface Tripping {
  what: string;
  operation: string;
  rows: object[];
  members: number;
  says: RegExp;
}

/** WeCom has eight members of its own, DingTalk some more than six. */
const tripping: Tripping[] = [
  {
    what: 'more than 20 in a large directory',
    operation: 'wecom/delete-user',
    rows: members(1, 21),
    members: 994,
    says: /^21 removals from wecom are asked for at once, and 20 are allowed: at most 20 in one run, and 10 % of the 1002 accounts/,
  },
  {
    what: 'more than a tenth of a small one',
    operation: 'dingtalk/delete-user',
    rows: members(1, 11),
    members: 94,
    says: /^11 removals from dingtalk are asked for at once, and 10 are allowed/,
  },
  {
    what: 'two of a directory of 8',
    operation: 'wecom/delete-user',
    rows: [{ userid: 'lisi' }, { userid: 'wangwu' }],
    members: 0,
    says: /^2 removals from wecom are asked for at once, and 1 is allowed: .* 10 % of the 8 accounts/,
  },
  {
    what: 'a bulk disable',
    operation: 'wecom/update-user',
    rows: members(1, 21).map((row) => ({ ...row, enable: 0 })),
    members: 994,
    says: /^21 removals from wecom/,
  },
  {
    what: 'disconnecting',
    operation: 'wibiclick/disconnect-user',
    rows: [
      { userId: '101', websiteId: '201' },
      { userId: '101', websiteId: '202' },
    ],
    members: 0,
    says: /^2 removals from wibiclick .* 1 is allowed/,
  },
];

test.each(tripping)(
  '$what is held before the first write, and approved',
  async ({ operation, rows, says, ...given }) => {
    await reset(given.members);

    const { body: planned } = await job.plan(operation, rows);
    expect(planned.plan.warnings).toContainEqual(expect.stringMatching(/^needs_approval: /));
    const refused = await job.apply(planned);

    expect(refused).toMatchObject({ status: 409, body: { code: 'fence_tripped', outcome: 'not_applied' } });
    expect(refused.body.detail).toMatch(says);
    expect(refused.body.fix).toContain(`/jobs/${planned.id}/approve`);
    expect(await job.get(planned.id)).toMatchObject({
      status: 'held',
      heldFor: `fence_tripped: ${refused.body.detail}`,
    });
    expect(await job.writes()).toEqual([]);

    expect((await job.approve(planned)).status).toBe(200);
    expect((await job.apply(planned)).status).toBe(202);
    expect(await job.toEnd(planned.id)).toMatchObject({ status: 'completed', succeeded: rows.length });
  },
);

test.each([
  ['the 20th of 1,000', 994, 20],
  ['the 10th of 100', 94, 10],
  ['one of 8', 2, 1],
])('%s is let through', async (_, count, removals) => {
  await reset(count);

  const { body: planned } = await job.plan('wecom/delete-user', members(1, removals));

  expect(planned.plan.warnings).toEqual([]);
  expect((await job.apply(planned)).status).toBe(202);
  expect(await job.toEnd(planned.id)).toMatchObject({ status: 'completed', succeeded: removals });
});

test('what gives access is not counted', async () => {
  await reset(30);
  const rows = members(1, 30).map((row) => ({ ...row, enable: 1 }));

  const { body: planned } = await job.plan('wecom/update-user', rows);

  expect((await job.apply(planned)).status).toBe(202);
  expect(await job.toEnd(planned.id)).toMatchObject({ status: 'completed', succeeded: 30 });
});

test('of ten runs just under the limit only those begin that fit into the day', async () => {
  await reset(994);
  const plans = await Promise.all(
    Array.from({ length: 10 }, (_, run) => job.plan('wecom/delete-user', members(1 + run * 20, 20 + run * 20))),
  );

  const answers: TestAnswer[] = [];
  for (const { body } of plans) answers.push(await job.apply(body));

  expect(answers.map(({ status }) => status)).toEqual([202, 202, ...Array(8).fill(409)]);
  expect(answers[2]?.body.detail).toMatch(/^40 of 50 removals from wecom within 24 hours are used up, and 20 more/);
  await Promise.all(plans.slice(0, 2).map(({ body }) => job.toEnd(body.id)));
  expect(await removed()).toBe(40);
});

test('of runs that race for the budget exactly those begin that fit, and none removes beyond it', async () => {
  await reset(994);
  const plans = await Promise.all(
    Array.from({ length: 6 }, (_, run) => job.plan('dingtalk/delete-user', members(1 + run * 20, 20 + run * 20))),
  );

  const answers = await Promise.all(plans.map(({ body }) => job.apply(body)));

  const begun = plans.filter((_, run) => answers[run]?.status === 202);
  expect(begun).toHaveLength(2);
  for (const { body } of begun) expect((await job.toEnd(body.id)).status).toBe('completed');
  expect((await job.writes()).length).toBe(40);
  const held = plans.filter((_, run) => answers[run]?.status === 409);
  for (const { body } of held) expect((await job.get(body.id)).status).toBe('held');
});

test('single calls and runs share one budget, and a run that is not begun takes nothing of it', async () => {
  fence({ perDay: 20 });
  await reset(994);
  const { body: planned } = await job.plan('wecom/delete-user', members(1, 20));
  const { body: other } = await job.plan('wecom/delete-user', members(21, 25));
  expect((await job.apply(other)).status).toBe(202);

  expect((await job.apply(planned)).body.code).toBe('fence_tripped');
  await job.toEnd(other.id);
  const { body: fits } = await job.plan('wecom/delete-user', members(26, 40));
  expect((await job.apply(fits)).status).toBe(202);
});

test('rows without an effect give their part of the budget back', async () => {
  fence({ perDay: 20 });
  await reset(994);
  const ghosts = Array.from({ length: 15 }, (_, index) => ({ userid: `ghost-${index}` }));
  const { body: first } = await job.plan('wecom/delete-user', [...members(1, 5), ...ghosts]);
  await job.apply(first);
  expect(await job.toEnd(first.id)).toMatchObject({ succeeded: 5, failed: 15 });

  const { body: second } = await job.plan('wecom/delete-user', members(6, 20));
  expect((await job.apply(second)).status).toBe(202);
  const { body: third } = await job.plan('wecom/delete-user', members(21, 21));
  expect((await job.apply(third)).body.code).toBe('fence_tripped');
});

test('a plan that is held is told once, however often it is tried', async () => {
  await reset(994);
  const { body: planned } = await job.plan('wecom/delete-user', members(1, 60));
  for (let tries = 0; tries < 3; tries++) expect((await job.apply(planned)).status).toBe(409);

  const news = (await storedItems()).filter(({ sk }) => sk === 'news').map((item) => item.news);
  expect(news).toMatchObject([
    { detailType: 'Fence.Tripped', detail: { provider: 'wecom', runId: planned.id, limit: 20, asked: 60 } },
  ]);
});

test('so do those that ended in an earlier hour than the last row', async () => {
  fence({ perDay: 20 });
  await reset(994);
  const ghosts = Array.from({ length: 15 }, (_, index) => ({ userid: `ghost-${index}` }));
  await job.dingtalk.faults({ path: '/topapi/v2/user/delete', times: 5, then: { errcode: 60020 } });
  const { body: first } = await job.plan('dingtalk/delete-user', [...ghosts, ...members(1, 5)]);
  await job.apply(first);
  await job.lambda.settled();
  expect(await job.get(first.id)).toMatchObject({ status: 'running', succeeded: 0, failed: 15 });

  job.lambda.advance(hourMs);
  expect(await job.toEnd(first.id)).toMatchObject({ succeeded: 5, failed: 15 });
  const { body: second } = await job.plan('dingtalk/delete-user', members(6, 20));
  expect((await job.apply(second)).status).toBe(202);
  const { body: third } = await job.plan('dingtalk/delete-user', members(21, 21));
  expect((await job.apply(third)).body.code).toBe('fence_tripped');
});

describe('an approval', () => {
  test('lets its own plan through and no other', async () => {
    await reset(994);
    const { body: planned } = await job.plan('wecom/delete-user', members(1, 60));
    const { body: other } = await job.plan('wecom/delete-user', members(61, 120));
    await job.approve(planned);

    expect((await job.apply(other)).body.code).toBe('fence_tripped');
    expect((await job.approve({ id: other.id, digest: planned.digest })).body.code).toBe('plan_drifted');
    expect((await job.apply(planned)).status).toBe(202);
    expect((await job.apply(planned)).body.code).toBe('conflict');
    expect(await job.toEnd(planned.id)).toMatchObject({ succeeded: 60 });
    expect(await removed()).toBe(60);
  });

  test('dies when what the plan stands on changes', async () => {
    await reset(994);
    const { body: planned } = await job.plan('wecom/delete-user', members(1, 60));
    await job.approve(planned);
    const { body: one } = await job.plan('wecom/delete-user', members(1, 1));
    await job.apply(one);
    await job.toEnd(one.id);

    const drifted = await job.apply(planned);
    expect(drifted).toMatchObject({ status: 409, body: { code: 'plan_drifted', id: planned.id } });
    expect((await job.apply(drifted.body)).body.code).toBe('fence_tripped');
    expect(await removed()).toBe(1);
  });
});

const protections: [what: string, operation: string, rows: object[], why: RegExp, prepare: () => unknown][] = [
  ['listed', 'wecom/delete-user', [{ userid: 'LISI' }], /the setting `protected` lists it/, () => protect('zhao lisi')],
  [
    'listed, and disabled',
    'wecom/update-user',
    [{ userid: 'lisi', enable: 0 }],
    /the setting `protected` lists it/,
    () => protect('lisi'),
  ],
  ['administrator', 'dingtalk/delete-user', [{ userid: 'founder' }], /lists it as an administrator/, () => undefined],
  [
    'the operator',
    'dingtalk/delete-user',
    [{ userid: 'lisi' }],
    /the operator of the secret/,
    () => job.dingtalk.secret({ operatorUserid: 'lisi' }),
  ],
];

test.each(protections)(
  'an account that is %s holds the run, and no approval helps',
  async (_, operation, rows, why, protect) => {
    await protect();
    const all = [...rows, { userid: 'wangwu', ...(operation.endsWith('update-user') && { enable: 0 }) }];

    const { body: planned } = await job.plan(operation, all);
    expect(planned.plan.warnings).toContainEqual(expect.stringMatching(/^protected: /));
    const refused = await job.apply(planned);

    expect(refused).toMatchObject({ status: 409, body: { code: 'protected', detail: expect.stringMatching(why) } });
    expect(await job.get(planned.id)).toMatchObject({ status: 'held', heldFor: expect.stringMatching(why) });
    await job.approve(planned);
    expect((await job.apply(planned)).body.code).toBe('protected');
    expect(await job.writes()).toEqual([]);
  },
);

test('a protected user of many websites is named once', async () => {
  process.env.USHER_WIBICLICK_PROTECTED = '101';
  const rows = ['201', '202'].map((websiteId) => ({ userId: '101', websiteId }));

  const { body: planned } = await job.plan('wibiclick/disconnect-user', rows);

  expect(planned.plan.warnings.filter((warning: string) => warning.startsWith('protected: '))).toHaveLength(1);
});

test("a boss, whom only the user's own record shows, is refused by the row", async () => {
  const result = { userid: 'wangwu', name: '王五', unionid: 'u', boss: true, dept_id_list: [1] };
  await job.dingtalk.faults({ path: '/topapi/v2/user/get', then: { body: JSON.stringify({ errcode: 0, result }) } });

  const { body: planned } = await job.plan('dingtalk/delete-user', [{ userid: 'wangwu' }]);
  await job.apply(planned);

  expect(await job.toEnd(planned.id)).toMatchObject({ status: 'completed_with_errors', failed: 1 });
  expect(await job.items(planned.id)).toMatchObject([{ status: 'failed', error: { code: 'protected' } }]);
  expect(await job.writes()).toEqual([]);
});

describe('a directory that cannot be read whole plans nothing', () => {
  test.each([
    ['wecom', '/cgi-bin/user/list_id', { status: 503 }],
    ['wecom', '/cgi-bin/user/list_id', { body: '{"errcode":0,"errmsg":"ok","dept_user":[]}' }],
    ['dingtalk', '/topapi/user/count', { status: 503 }],
    ['dingtalk', '/topapi/user/listadmin', { errcode: 60011 }],
  ] as const)('%s %s %j', async (provider, path, then) => {
    await job[provider].faults({ path, times: 10, then });

    const answer = await job.plan(`${provider}/delete-user`, [{ userid: 'lisi' }]);

    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(await job.writes()).toEqual([]);
  });
});

test('a job that rested for more than a day takes its removals of the budget of the day on which it makes them', async () => {
  await reset(994);
  const { body: planned } = await job.plan('wecom/delete-user', members(1, 20));
  await job.wecom.faults({ path: '/cgi-bin/user/batchdelete', times: 1, then: { errcode: 60020 } });
  await job.apply(planned);
  await job.lambda.settled();
  await halt({ reason: 'a night to think', by: 'ops', at: 0 });
  for (const ms of [minuteMs, 26 * hourMs]) {
    job.lambda.advance(ms);
    await job.lambda.settled();
  }
  expect(await job.get(planned.id)).toMatchObject({ status: 'halted', succeeded: 0 });

  await lift();
  expect(await job.toEnd(planned.id)).toMatchObject({ status: 'completed', succeeded: 20 });
  const { body: more } = await job.plan('wecom/delete-user', members(31, 50));
  expect((await job.apply(more)).status).toBe(202);
  const { body: toomuch } = await job.plan('wecom/delete-user', members(71, 90));
  expect((await job.apply(toomuch)).body.detail).toContain('40 of 50 removals');
});

describe('what the fence stops is told once', () => {
  const told = async () =>
    (await storedItems()).flatMap(({ news }) => (news?.detailType === 'Fence.Tripped' ? [news.detail] : []));

  test('for a plan, however often and by however many it is applied', async () => {
    await reset(994);
    const { body: planned } = await job.plan('wecom/delete-user', members(1, 21));
    await Promise.all([job.apply(planned), job.apply(planned)]);
    await job.apply(planned);

    const reason = expect.stringMatching(/^21 removals from wecom/);
    expect(await told()).toEqual([{ provider: 'wecom', runId: planned.id, used: 0, limit: 20, asked: 21, reason }]);
  });

  test('for a job whose budget ran out of its day while it rested, and that waits for room', async () => {
    await reset(994);
    await job.wecom.faults({ path: '/cgi-bin/user/batchdelete', times: 1, then: { errcode: 60020 } });
    const { body: planned } = await job.plan('wecom/delete-user', members(1, 20));
    await job.apply(planned);
    await job.lambda.settled();
    await halt({ reason: 'a night to think', by: 'ops', at: 0 });
    for (const ms of [minuteMs, 26 * hourMs]) {
      job.lambda.advance(ms);
      await job.lambda.settled();
      fence({ perDay: 5 });
    }
    await lift();
    for (const ms of [minuteMs, 10 * minuteMs, 10 * minuteMs]) {
      job.lambda.advance(ms);
      await job.lambda.settled();
    }

    expect((await job.get(planned.id)).plan.steps[0].reason).toMatch(/^fence_tripped: 0 of 5 removals/);
    expect(await removed()).toBe(0);
    expect(await told()).toMatchObject([{ provider: 'wecom', runId: planned.id, used: 0, limit: 5, asked: 20 }]);
  });
});

/** So many generated members in all three. */
const reset = (count: number): Promise<Json> =>
  Promise.all([job.wecom.reset({ members: count }), job.dingtalk.reset({ members: count })]);

async function removed(): Promise<number> {
  const { members: left, history } = await job.wecom.state();
  const gone = Array.from({ length: 1_000 }, (_, index) => member(index + 1)).filter((userid) =>
    (history ?? []).some((past: Json) => past.userid === userid),
  );
  expect(left.some(({ userid }: Json) => gone.includes(userid))).toBe(false);
  return gone.length;
}

test('a fresh plan tells nothing of why the one before was held', async () => {
  const two = 'arn:aws:iam::000000000000:user/two';
  job.settings({ approval: 'four-eyes' });
  protect('lisi');
  const { body: planned } = await job.plan('wecom/delete-user', [{ userid: 'lisi' }, { userid: 'wangwu' }]);
  await job.approve(planned, two);
  expect((await job.apply(planned)).body.code).toBe('protected');
  expect((await job.get(planned.id)).heldFor).toMatch(/^protected: /);

  protect('');
  await job.approve(planned, two);
  await invoke(deleteMember, { path: { userid: 'wangwu' } });
  expect((await job.apply(planned)).body.code).toBe('plan_drifted');
  expect(await job.get(planned.id)).not.toHaveProperty('heldFor');
});
