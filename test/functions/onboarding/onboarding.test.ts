import type { Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { onboardings, stepOf } from '../../support/runs.ts';

const onboarding = onboardings();
const { wecom, dingtalk, wibiclick, lambda } = onboarding;
logLines();

const accounts = {
  wecom: { userid: 'QianYi', name: '钱一', mobile: '13900001111', email: 'qianyi@example.com', department: [2] },
  dingtalk: { userid: 'qianyi', name: '钱一', mobile: '13900001111', dept_id_list: [2] },
  wibiclick: { userId: '105', websites: ['201', '202'] },
};
const createPaths = {
  wecom: '/cgi-bin/user/create',
  dingtalk: '/topapi/v2/user/create',
  wibiclick: '/connect-user-to-website',
};
type Provider = keyof typeof createPaths;
const providers: Provider[] = ['wecom', 'dingtalk', 'wibiclick'];

const hasMember = async (simulator: typeof wecom, userid: string): Promise<boolean> =>
  (await simulator.state()).members.some((member: Json) => member.userid === userid);
const linksOf = async (userId: string): Promise<string[]> =>
  (await wibiclick.state()).links.flatMap((link: Json) => (link.userId === userId ? [link.websiteId] : []));
const isMade = async () => ({
  wecom: await hasMember(wecom, 'QianYi'),
  dingtalk: await hasMember(dingtalk, 'qianyi'),
  wibiclick: (await linksOf('105')).length > 0,
});
const pathsOf = async () => (await onboarding.writes()).map(({ path }) => path).sort();

/** The provider refuses to make the account. */
const refusals: Record<Provider, () => Promise<unknown>> = {
  wecom: () => wecom.faults({ path: createPaths.wecom, then: { errcode: 60104 } }),
  dingtalk: () => dingtalk.faults({ path: createPaths.dingtalk, then: { errcode: 60104 } }),
  wibiclick: () => wibiclick.faults({ path: createPaths.wibiclick, times: 99, then: { status: 403 } }),
};

test('answers 202 with a step for each account, and makes them all', async () => {
  const { status, body } = await onboarding.create({ accounts });

  expect({ status, run: body.status, kind: body.kind }).toEqual({ status: 202, run: 'running', kind: 'onboarding' });
  expect(body.plan.steps.map(({ provider, action }: Json) => `${provider} ${action}`)).toEqual([
    'wecom create',
    'dingtalk create',
    'wibiclick connect',
  ]);

  await lambda.settled();
  const run = await onboarding.get(body.id);
  expect(run.status).toBe('completed');
  expect(stepOf(run, 'wecom', 'create')).toMatchObject({
    status: 'succeeded',
    result: { outcome: 'created', verified: true },
  });
  expect(stepOf(run, 'dingtalk', 'create')).toMatchObject({
    status: 'succeeded',
    result: { outcome: 'created', verified: true },
  });
  expect(stepOf(run, 'wibiclick', 'connect')).toMatchObject({
    status: 'succeeded',
    result: { outcome: 'connected', websites: { 201: { outcome: 'connected' }, 202: { outcome: 'connected' } } },
  });
  expect(await isMade()).toEqual({ wecom: true, dingtalk: true, wibiclick: true });
  expect(await pathsOf()).toEqual([
    createPaths.wecom,
    createPaths.wibiclick,
    createPaths.wibiclick,
    createPaths.dingtalk,
  ]);
});

test('sends exactly what was asked for, with no invitation unless it was wanted', async () => {
  await onboarding.start({ accounts });

  const bodies = Object.fromEntries((await onboarding.writes()).map(({ path, body }) => [path, body]));
  expect(bodies[createPaths.wecom]).toEqual({ ...accounts.wecom, to_invite: false });
  expect(bodies[createPaths.dingtalk]).toEqual({ ...accounts.dingtalk, dept_id_list: '2' });
});

test.each(providers)('one account alone, in %s, is an onboarding too', async (provider) => {
  const id = await onboarding.start({ accounts: { [provider]: accounts[provider] } });

  const run = await onboarding.get(id);
  expect(run.status).toBe('completed');
  expect(run.plan.steps).toHaveLength(1);
  expect(await isMade()).toEqual({ wecom: false, dingtalk: false, wibiclick: false, [provider]: true });
});

describe.each(providers)('when %s refuses', (refusing) => {
  const others = providers.filter((provider) => provider !== refusing);
  beforeEach(() => refusals[refusing]());

  test.each([{}, { onFailure: 'keep' }])('%j keeps the others, and a person is asked', async (given) => {
    const run = await onboarding.toEnd(await onboarding.start({ accounts, ...given }));

    expect(run.status).toBe('needs_attention');
    expect(run.plan.steps.map(({ provider, status }: Json) => [provider, status])).toEqual(
      providers.map((provider) => [provider, provider === refusing ? 'needs_attention' : 'succeeded']),
    );
    const made = await isMade();
    expect(others.map((provider) => made[provider])).toEqual([true, true]);
    expect(made[refusing]).toBe(false);
  });

  test('undo takes back all that this run made, and nothing else', async () => {
    const before = { wecom: await wecom.state(), dingtalk: await dingtalk.state(), links: await linksOf('105') };

    const run = await onboarding.toEnd(await onboarding.start({ accounts, onFailure: 'undo' }));

    expect(run.status).toBe('cancelled');
    expect(await isMade()).toEqual({ wecom: false, dingtalk: false, wibiclick: false });
    expect((await wecom.state()).members).toHaveLength(before.wecom.members.length);
    expect((await dingtalk.state()).members).toHaveLength(before.dingtalk.members.length);
    for (const provider of others) {
      expect(stepOf(run, provider, 'undo')).toMatchObject({
        status: 'succeeded',
        result: { outcome: provider === 'wibiclick' ? 'disconnected' : 'deleted' },
      });
    }
    expect(stepOf(run, refusing, refusing === 'wibiclick' ? 'connect' : 'create')).toMatchObject({
      status: 'needs_attention',
    });
  });
});

test('the refusal tells which field it is about, and not its value', async () => {
  await refusals.wecom();

  const run = await onboarding.toEnd(await onboarding.start({ accounts }));

  const { reason } = stepOf(run, 'wecom', 'create');
  expect(reason).toMatch(/^conflict: wecom answered 60104/);
  expect(reason).not.toContain('13900001111');
});

describe('a WibiClick website that is refused', () => {
  const websites = { wibiclick: { userId: '105', websites: ['999', '201', '202'] } };

  test('keeps none of the others, and a person is asked', async () => {
    await wibiclick.faults({ path: createPaths.wibiclick, then: { status: 403 } });

    const run = await onboarding.toEnd(await onboarding.start({ accounts: websites }));
    expect(Object.keys(stepOf(run, 'wibiclick', 'connect').result.websites)).toEqual(['202']);

    expect(run.status).toBe('needs_attention');
    expect(stepOf(run, 'wibiclick', 'connect').reason).toMatch(/^not_found/);
    expect(await linksOf('105')).toEqual(['202']);
  });

  test('makes undo take back what was connected beside it', async () => {
    const run = await onboarding.toEnd(await onboarding.start({ accounts: websites, onFailure: 'undo' }));

    expect(run.status).toBe('cancelled');
    expect(Object.keys(stepOf(run, 'wibiclick', 'undo').result.websites)).toEqual(['201', '202']);
    expect(await linksOf('105')).toEqual([]);
  });

  test('for a while only is tried again, and what was connected is not sent again', async () => {
    await wibiclick.faults({ path: createPaths.wibiclick, times: 4, then: { status: 429 } });

    const id = await onboarding.start({ accounts: { wibiclick: { userId: '105', websites: ['201', '202'] } } });
    expect(await linksOf('105')).toEqual(['202']);
    const run = await onboarding.toEnd(id);

    expect(run.status).toBe('completed');
    expect((await linksOf('105')).sort()).toEqual(['201', '202']);
    const sent = (await wibiclick.requests(createPaths.wibiclick)).map(({ body }) => String(body.websiteId));
    expect(sent.filter((websiteId) => websiteId === '202')).toHaveLength(1);
  });
});

test('lists onboardings, newest first, by pages', async () => {
  const ids: string[] = [];
  for (const number of [1, 2, 3]) {
    lambda.advance(1_000);
    ids.push(await onboarding.start({ accounts: { wibiclick: { userId: '105', websites: [`20${number}`] } } }));
  }

  const first = await onboarding.list('limit=2');
  const second = await onboarding.list(`limit=2&cursor=${first.cursor}`);

  expect([...first.items, ...second.items].map(({ id }: Json) => id)).toEqual(ids.toReversed());
  expect(first.items[0]).toEqual(await onboarding.get(ids[2] ?? ''));
});

test('an id of no onboarding is not found', async () => {
  expect(await onboarding.get('0b8e7c52-6a0f-4c55-9c0b-0a3f7c1f2b1d')).toMatchObject({ code: 'not_found' });
});

test.each<[string, string, object]>([
  ['no account', 'accounts', { accounts: {} }],
  ['no accounts', 'accounts', {}],
  ['no website', 'accounts.wibiclick.websites', { accounts: { wibiclick: { userId: '105', websites: [] } } }],
  ['another onFailure', 'onFailure', { accounts, onFailure: 'retry' }],
  [
    'no mobile and no email',
    'accounts.wecom.mobile',
    { accounts: { wecom: { userid: 'x', name: 'x', department: [2] } } },
  ],
  ['a digest', 'digest', { accounts, digest: 'x' }],
])('%s is refused at %s, and nothing begins', async (_, path, body) => {
  const answer = await onboarding.create(body);

  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input', errors: [{ path }] } });
  expect(lambda.executions()).toEqual([]);
});
