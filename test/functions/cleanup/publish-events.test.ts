import { clock } from '../../../functions/shared/clock.ts';
import { tell } from '../../../functions/shared/outbox.ts';
import { handler as deleteUser } from '../../../functions/wecom/delete-user.ts';
import { events } from '../../support/events.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { Died, type HttpEvent, isChange, mortal, throughTrouble } from '../../support/mortal.ts';
import { minuteMs, offboardings } from '../../support/runs.ts';
import { everywhere, fence, storedItems } from '../offboarding/support.ts';

const offboarding = offboardings();
const { wecom, lambda } = offboarding;
const { publish, told, refuse, detail, leaver } = events();
const life = mortal();
const log = logLines();

const onlyWecom = { accounts: { wecom: { userid: 'lisi' } } };
const remove = (userid: string) => invoke(deleteUser, { path: { userid }, caller: 'arn:aws:iam::1:user/hr' });
const outbox = async (): Promise<Json[]> => (await storedItems()).filter(({ ipk }) => ipk === 'outbox');
const typesOf = (all: Json[]): string[] => all.map((event) => event['detail-type']);
const storesRun = ({ target, body }: Pick<HttpEvent, 'target' | 'body'>): boolean =>
  target === 'PutItem' && body.includes('runs#offboarding');
const statuses = async (): Promise<string[]> => typesOf(await told()).filter((type) => type.startsWith('Run.'));

test('a write is told once, with who did it and what became of it', async () => {
  await remove('lisi');
  await publish();
  await publish();

  expect(await told()).toEqual([
    expect.objectContaining({
      source: 'usher',
      'detail-type': 'Member.deleted',
      detail: {
        eventId: expect.any(String),
        occurredAt: expect.any(String),
        provider: 'wecom',
        subject: 'wecom:lisi',
        outcome: 'deleted',
        verified: true,
        caller: 'arn:aws:iam::1:user/hr',
        requestId: expect.any(String),
      },
    }),
  ]);
  expect(await outbox()).toEqual([]);
});

test('a write that failed is not told, and neither is one that was refused', async () => {
  await wecom.faults({ method: 'GET', path: '/cgi-bin/user/delete', then: { errcode: 60011 } });
  await remove('lisi');
  await remove('nobody');

  expect(await told()).toEqual([]);
});

test('one whose answer was lost is told when it is settled', async () => {
  life.dieAt(({ what, path }) => what === 'answered' && path === '/cgi-bin/user/delete');
  await expect(life.live(() => remove('lisi'))).rejects.toThrow(Died);
  expect(await told()).toEqual([]);
  lambda.advance(5 * minuteMs);
  await offboarding.settleIntents();

  expect(await told()).toMatchObject([
    { 'detail-type': 'Member.deleted', detail: { subject: 'wecom:lisi', outcome: 'deleted', verified: true } },
  ]);
});

test('each status of a run is told once, with who asked for it', async () => {
  const id = await offboarding.start({ ...onlyWecom, graceDays: 1 });
  await offboarding.toEnd(id);

  const all = await told();
  const ofRun = all.filter((event) => event['detail-type'].startsWith('Run.'));
  const times = ofRun.map(({ detail }) => detail.occurredAt);
  expect(typesOf(ofRun)).toEqual([
    'Run.planned',
    'Run.disabling',
    'Run.grace',
    'Run.removing',
    'Run.verifying',
    'Run.completed',
  ]);
  expect(times).toEqual(times.toSorted());
  expect(new Set(all.map(({ detail }) => detail.eventId)).size).toBe(all.length);
  expect(ofRun[1].detail).toEqual({
    eventId: `${id}-2`,
    occurredAt: expect.any(String),
    id,
    kind: 'offboarding',
    status: 'disabling',
    requester: 'unknown',
  });
  expect(typesOf(all).filter((type) => type.startsWith('Member.'))).toEqual(['Member.disabled', 'Member.deleted']);
  expect(all.find((event) => event['detail-type'] === 'Member.disabled').detail).toMatchObject({ runId: id });
});

test('a cancelled run and its restored account too', async () => {
  const id = await offboarding.start(onlyWecom);
  await offboarding.cancel(id);
  await lambda.settled();

  expect((await statuses()).slice(-2)).toEqual(['Run.cancelling', 'Run.cancelled']);
  expect(typesOf(await told())).toContain('Member.enabled');
});

describe('nothing is lost and nothing doubled', () => {
  const expected = {
    runs: ['Run.planned', 'Run.disabling', 'Run.removing', 'Run.handing_over', 'Run.verifying', 'Run.completed'],
    disabled: ['wecom:lisi', 'wibiclick:101', 'wibiclick:101'],
    deleted: ['dingtalk:sunqi', 'wecom:lisi'],
  };
  const subjectsOf = (all: Json[], ...types: string[]): string[] =>
    all
      .filter((event) => types.includes(event['detail-type']))
      .map(({ detail }) => detail.subject)
      .sort();

  test.each([0, 4, 9])('when functions die before change %i and every 13th after it', async (first) => {
    let changes = 0;
    const dies = (event: HttpEvent): boolean => isChange(event) && changes++ % 13 === first;
    lambda.invokeBy(
      life.invoking(async () => (await import('../../../functions/offboarding/run-offboarding.ts')).handler, {
        diesAt: dies,
      }),
    );
    const id = await offboarding.start({ ...everywhere, graceDays: 1 });
    await throughTrouble(offboarding, id, { between: async () => void (await publish()) });
    lambda.advance(20 * minuteMs);

    const all = await told();
    expect(life.deaths).toBeGreaterThan(5);
    const runs = typesOf(all).filter((type) => type.startsWith('Run.'));
    // One that is late with disabling may find that the grace of another account is over.
    expect(runs.filter((type) => type !== 'Run.grace')).toEqual(expected.runs);
    expect(new Set(runs).size).toBe(runs.length);
    expect(subjectsOf(all, 'Member.deleted')).toEqual(expected.deleted);
    const taken = subjectsOf(all, 'Member.disabled', 'Member.disconnected');
    expect(taken.filter((subject) => !subject.startsWith('dingtalk'))).toEqual(expected.disabled);
    expect(await outbox()).toEqual([]);
  });

  test('when a plan dies before it is stored, and its announcement is given up after a while', async () => {
    const diesAt = (event: HttpEvent) => event.what === 'sent' && storesRun(event);
    await expect(life.live(() => offboarding.plan(onlyWecom), { diesAt })).rejects.toThrow(Died);

    expect(await told()).toEqual([]);
    expect(await outbox()).toHaveLength(1);
    lambda.advance(11 * minuteMs);
    expect(await told()).toEqual([]);
    expect(await outbox()).toEqual([]);
  });

  test('when a plan is stored, and who stored it dies of hearing that', async () => {
    const diesAt = (event: HttpEvent) => event.what === 'answered' && storesRun(event);
    await expect(life.live(() => offboarding.plan(onlyWecom), { diesAt })).rejects.toThrow(Died);

    expect(await statuses()).toEqual(['Run.planned']);
  });

  test('when it is announced long before it is done', async () => {
    const announced = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const gate = (event: Pick<HttpEvent, 'target' | 'body'>) => {
      if (!storesRun(event)) return undefined;
      announced.resolve();
      return released.promise;
    };
    const made = life.live(() => offboarding.plan(onlyWecom), { gate });
    await announced.promise;
    expect(await statuses()).toEqual([]);
    released.resolve();
    await made;

    expect(await statuses()).toEqual(['Run.planned']);
  });
});

describe('when the bus', () => {
  test('refuses some, they are told later, and the others once', async () => {
    await offboarding.start(onlyWecom);
    refuse((type) => type === 'Member.disabled' || type === 'Run.grace');

    expect(await publish()).toEqual({ told: 2, refused: 2 });
    expect(log.parsed()).toContainEqual(expect.objectContaining({ level: 'ERROR', refused: 2, event_untold: 1 }));
    refuse(() => false);
    const all = typesOf(await told());

    expect(all.filter((type) => type === 'Member.disabled')).toHaveLength(1);
    expect(all.filter((type) => type === 'Run.grace')).toHaveLength(1);
    expect(await outbox()).toEqual([]);
  });

  test('refuses all, the schedule fails and nothing is taken out', async () => {
    await remove('lisi');
    life.cutOffAt(({ target }) => target === 'PutEvents');

    await expect(life.live(() => publish())).rejects.toThrow();
    expect(await outbox()).toHaveLength(1);
    life.cutOffAt(() => false);
    expect(typesOf(await told())).toEqual(['Member.deleted']);
  });

  test('was told, and who told it dies, it is told again under the same id', async () => {
    await remove('lisi');
    life.dieAt(({ what, target }) => what === 'answered' && target === 'PutEvents');
    await expect(life.live(() => publish())).rejects.toThrow(Died);
    life.dieAt(() => false);

    const [first, second, ...others] = await told();
    expect(second.detail).toEqual(first.detail);
    expect(others).toEqual([]);
  });
});

test('a single write that the fence stops is told once in an hour for its provider', async () => {
  const hourMs = 60 * minuteMs;
  lambda.advance(hourMs - (clock.now() % hourMs));
  fence(1);
  await remove('lisi');
  await remove('wangwu');
  await remove('zhaoliu');
  const tripped = async () => (await told()).filter((event) => event['detail-type'] === 'Fence.Tripped');

  const reason = expect.stringContaining('1 of 1 removals from wecom');
  expect(await tripped()).toMatchObject([
    { detail: { provider: 'wecom', subject: 'wecom:wangwu', used: 1, limit: 1, asked: 1, reason } },
  ]);
  lambda.advance(2 * hourMs);
  await remove('zhaoliu');
  expect(await tripped()).toHaveLength(2);
});

test('an event that HR sends is told with the run that it began', async () => {
  const { runId } = await leaver(detail(onlyWecom.accounts));
  await lambda.settled();

  expect((await told()).filter(({ detail }) => detail.id === runId)[0].detail).toMatchObject({ requester: 'event:hr' });
});

test('more than one page is told in one run, each once', async () => {
  const occurredAt = new Date().toISOString();
  const ids = Array.from({ length: 1_050 }, (_, index) => `event-${index}`);
  for (let from = 0; from < ids.length; from += 100)
    await Promise.all(
      ids
        .slice(from, from + 100)
        .map((eventId) => tell({ eventId, detailType: 'Fence.Tripped', occurredAt, detail: {} })),
    );
  await tell({ eventId: 'event-0', detailType: 'Fence.Tripped', occurredAt, detail: {} });

  expect(await publish()).toEqual({ told: 1_050, refused: 0 });
  expect((await told()).map(({ detail }) => detail.eventId).sort()).toEqual(ids.sort());
  expect(await outbox()).toEqual([]);
});
