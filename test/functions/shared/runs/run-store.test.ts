import { randomUUID } from 'node:crypto';
import { clock } from '../../../../functions/shared/clock.ts';
import { type Run, type RunStatus, runStatus, type Step, toRunAnswer } from '../../../../functions/shared/runs/run.ts';
import {
  changeRun,
  listRuns,
  loadRun,
  putNewRun,
  type RunChange,
} from '../../../../functions/shared/runs/run-store.ts';
import '../../../support/providers.ts';
import { time } from '../../../support/time.ts';

beforeEach(() => time.hold());

const step = (changes: Partial<Step> = {}): Step => ({
  provider: 'wecom',
  action: 'disable',
  what: 'x',
  undo: 'y',
  status: 'pending',
  after: [],
  delays: 0,
  ...changes,
});
const newRun = (changes: Partial<Run> = {}): Promise<Run> =>
  putNewRun({
    id: randomUUID(),
    kind: 'offboarding',
    status: 'grace',
    requester: 'somebody',
    createdAt: 1_000,
    plannedAt: 1_000,
    expiresAt: 2_000,
    digest: 'd-1',
    request: { asked: true },
    facts: {},
    warnings: [],
    steps: { 'wecom.disable': step(), 'wecom.remove': step({ action: 'remove' }) },
    stepOrder: ['wecom.disable', 'wecom.remove'],
    removals: {},
    signal: 4,
    generation: 2,
    begun: true,
    ...changes,
  });

describe('a change whose conditions hold', () => {
  const holding: RunChange['when'][] = [
    {},
    { statuses: ['grace'] },
    { statuses: ['planned', 'held', 'grace'] },
    { generation: 2 },
    { signal: 4 },
    { begun: true },
    { digest: 'd-1' },
    { statuses: ['grace'], generation: 2, signal: 4, begun: true, digest: 'd-1' },
  ];

  test.each(holding)('%j is made with its news, and the run as it is now comes back', async (when) => {
    const run = await newRun();

    const changed = await changeRun(run, { set: { status: 'removing' }, when });

    const news = [...run.news, { status: 'removing', at: clock.now() }];
    expect(changed).toEqual({ ...run, status: 'removing', news });
    expect(await loadRun(run.id, 'offboarding')).toEqual(changed);
  });
});

describe('a change of which one condition does not hold', () => {
  const failing: RunChange['when'][] = [
    { statuses: ['planned', 'held'] },
    { generation: 1 },
    { signal: 5 },
    { begun: false },
    { digest: 'd-2' },
    { statuses: ['grace'], generation: 2, signal: 4, digest: 'd-2' },
    { statuses: ['removing'], generation: 2 },
  ];

  test.each(failing)('%j changes nothing at all', async (when) => {
    const run = await newRun();

    const changed = await changeRun(run, {
      set: { status: 'removing', generation: 3 },
      steps: { 'wecom.disable': step({ status: 'succeeded' }) },
      remove: ['request'],
      signals: true,
      when,
    });

    expect(changed).toBeUndefined();
    expect(await loadRun(run.id, 'offboarding')).toEqual(run);
  });
});

test('a run that is not there is not made by a change', async () => {
  const id = randomUUID();

  expect(await changeRun({ id }, { set: { status: 'grace' }, when: {} })).toBeUndefined();
  await expect(loadRun(id, 'offboarding')).rejects.toMatchObject({ code: 'not_found' });
});

test('a run of one kind is not there as one of the other', async () => {
  const { id } = await newRun();

  await expect(loadRun(id, 'onboarding')).rejects.toMatchObject({ code: 'not_found' });
});

test('a step is put in its place, the others stay, and a new one is added', async () => {
  const run = await newRun();
  const ended = step({ status: 'succeeded', endedAt: 5 });
  const restore = step({ action: 'restore' });

  await changeRun(run, { steps: { 'wecom.disable': ended, 'wecom.restore': restore }, when: { generation: 2 } });

  expect((await loadRun(run.id, 'offboarding')).steps).toEqual({
    ...run.steps,
    'wecom.disable': ended,
    'wecom.restore': restore,
  });
});

test('what is undefined in a step is not kept from the step before', async () => {
  const run = await newRun({ steps: { 'wecom.disable': step({ reason: 'old', dueAt: 7 }) } });

  await changeRun(run, { steps: { 'wecom.disable': step() }, when: {} });

  expect((await loadRun(run.id, 'offboarding')).steps['wecom.disable']).toEqual(step());
});

test('attributes are set and removed in one change, and the signal grows', async () => {
  const run = await newRun({ wake: 'callback' });

  await changeRun(run, { set: { cancelledAt: 9 }, remove: ['wake', 'request'], signals: true, when: { signal: 4 } });

  const { wake: _wake, request: _request, ...rest } = run;
  expect(await loadRun(run.id, 'offboarding')).toEqual({ ...rest, cancelledAt: 9, signal: 5 });
});

test('of many who want to change the status at once exactly one wins', async () => {
  const run = await newRun();
  const wanted: RunStatus[] = ['removing', 'cancelling', 'removing', 'cancelling', 'removing', 'cancelling'];

  const results = await Promise.all(
    wanted.map((status) => changeRun(run, { set: { status }, when: { statuses: ['grace'] } })),
  );

  const winners = results.filter((result) => result !== undefined);
  expect(winners).toHaveLength(1);
  expect((await loadRun(run.id, 'offboarding')).status).toBe(winners[0]?.status);
});

test('signals of many at once are all counted', async () => {
  const run = await newRun();

  await Promise.all(Array.from({ length: 8 }, () => changeRun(run, { set: {}, signals: true, when: {} })));

  expect((await loadRun(run.id, 'offboarding')).signal).toBe(12);
});

test('a new run never takes the place of another', async () => {
  const run = await newRun();

  await putNewRun({ ...run, status: 'planned' });

  expect((await loadRun(run.id, 'offboarding')).status).toBe('grace');
});

test('runs of one kind are listed by pages, newest first, those of one millisecond too', async () => {
  const times = [1, 5, 5, 5, 9, 3];
  const runs = await Promise.all(times.map((createdAt) => newRun({ createdAt })));
  await newRun({ kind: 'onboarding', createdAt: 7 });

  const seen: Run[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await listRuns('offboarding', { limit: 2, cursor: cursor ?? undefined });
    expect(page.items.length).toBeLessThanOrEqual(2);
    seen.push(...page.items);
    cursor = page.cursor;
  } while (cursor);

  expect(seen.map(({ createdAt }) => createdAt)).toEqual([9, 5, 5, 5, 3, 1]);
  expect(new Set(seen.map(({ id }) => id))).toEqual(new Set(runs.map(({ id }) => id)));
});

describe('as it is answered', () => {
  const waiting = ['planned', 'held'];

  test.each(runStatus.options)('%s is expired only as a plan that waits, and only past its time', async (status) => {
    const run = await newRun({ status });

    expect(toRunAnswer(run, 2_000).status).toBe(status);
    expect(toRunAnswer(run, 2_001).status).toBe(waiting.includes(status) ? 'expired' : status);
  });

  test('times are ISO 8601 in UTC, and the machinery stays inside', async () => {
    const { id } = await newRun({
      approval: { by: 'another', at: 1_500, digest: 'd-1' },
      startedAt: 1_600,
      wake: 'callback',
      execution: 'arn',
      steps: {
        'wecom.disable': step({ status: 'succeeded', startedAt: 1, endedAt: 2, dueAt: 3, delays: 4, waitsFor: ['x'] }),
      },
      stepOrder: ['wecom.disable'],
    });
    time.advance(1);

    expect(toRunAnswer(await loadRun(id, 'offboarding'), 0)).toEqual({
      id,
      kind: 'offboarding',
      status: 'grace',
      digest: 'd-1',
      expiresAt: '1970-01-01T00:00:02.000Z',
      requester: 'somebody',
      createdAt: '1970-01-01T00:00:01.000Z',
      startedAt: '1970-01-01T00:00:01.600Z',
      approval: { by: 'another', at: '1970-01-01T00:00:01.500Z' },
      plan: {
        steps: [
          {
            provider: 'wecom',
            action: 'disable',
            what: 'x',
            undo: 'y',
            status: 'succeeded',
            startedAt: '1970-01-01T00:00:00.001Z',
            endedAt: '1970-01-01T00:00:00.002Z',
            dueAt: '1970-01-01T00:00:00.003Z',
          },
        ],
        warnings: [],
      },
    });
  });

  test('steps come in the order of the plan, not in that of the store', async () => {
    const run = await newRun({ stepOrder: ['wecom.remove', 'wecom.disable'] });

    expect(toRunAnswer(run, 0).plan.steps.map(({ action }) => action)).toEqual(['remove', 'disable']);
  });
});
