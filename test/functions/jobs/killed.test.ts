import { loadJob } from '../../../functions/jobs/job/job.ts';
import { clock } from '../../../functions/shared/clock.ts';
import { changeRun } from '../../../functions/shared/runs/run-store.ts';
import { type Item, store } from '../../../functions/shared/store.ts';
import type { Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { Died, type HttpEvent, isChange, mortal, throughTrouble } from '../../support/mortal.ts';
import { jobs, minuteMs } from '../../support/runs.ts';
import { time } from '../../support/time.ts';
import { storedItems } from '../offboarding/support.ts';
import { member } from './support.ts';

const job = jobs();
const { lambda } = job;
const functions = mortal();
logLines();

beforeEach(() =>
  lambda.invokeBy(functions.invoking(async () => (await import('../../../functions/jobs/run-job.ts')).handler)),
);

const hourMs = 60 * minuteMs;
const people = [1, 2, 3, 4, 5].map(member);
const newPeople = ['neu-1', 'neu-2', 'neu-3'];

interface Kind {
  rows: object[];
  /** Who shows the effect of the operation, of those whom the rows name. */
  affected(): Promise<string[]>;
  named: string[];
}

const kinds: Record<string, Kind> = {
  'wecom/delete-user': {
    rows: [...people, 'ghost'].map((userid) => ({ userid })),
    named: people,
    affected: async () => without(await idsOf('wecom'), people),
  },
  'dingtalk/delete-user': {
    rows: [...people, 'ghost'].map((userid) => ({ userid })),
    named: people,
    affected: async () => without(await idsOf('dingtalk'), people),
  },
  'wecom/create-user': {
    rows: newPeople.map((userid) => ({ userid, name: '新', email: `${userid}@example.com`, department: [1] })),
    named: newPeople,
    affected: async () => newPeople.filter(async (userid) => (await idsOf('wecom')).includes(userid)),
  },
  'wecom/update-user': {
    rows: people.map((userid) => ({ userid, enable: 0 })),
    named: people,
    affected: async () =>
      (await job.wecom.state()).members
        .filter(({ userid, enable }: Json) => people.includes(userid) && enable === 0)
        .map(({ userid }: Json) => userid),
  },
};

const idsOf = async (provider: 'wecom' | 'dingtalk'): Promise<string[]> =>
  (await job[provider].state()).members.map(({ userid }: Json) => userid);
const without = (present: string[], userids: string[]): string[] =>
  userids.filter((userid) => !present.includes(userid));

const stride = 12;
/** USHER_DEATHS=all tries them all, which takes minutes. */
const firsts = Array.from({ length: stride }, (_, first) => first).filter(
  (first) => process.env.USHER_DEATHS === 'all' || first % 6 === 1,
);

describe.each(Object.keys(kinds))('%s', (operation) => {
  const { rows, named, affected } = kinds[operation] as Kind;

  test.each(firsts)(
    'dies before change %i and every 12th after it, and each row has one true result',
    async (first) => {
      await Promise.all([job.wecom.reset({ members: 60 }), job.dingtalk.reset({ members: 60 })]);
      functions.dieAt(changesWhere((change) => change % stride === first));

      const id = await job.begin(operation, rows);
      const ended = await throughTrouble(job, id, { kind: 'job' });

      expect(functions.deaths).toBeGreaterThan(1);
      const items = await job.items(id);
      const succeeded = items.filter(({ status }) => status === 'succeeded');
      expect(items.map(({ index }) => index)).toEqual(rows.map((_, index) => index));
      expect(succeeded.filter((item) => !isGhost(item)).map(({ subject }) => subject.split(':')[1])).toEqual(named);
      expect(new Set(succeeded.map(({ outcome }) => outcome)).size).toBe(1);
      expect(await affected()).toEqual(named);
      expect(ended.succeeded + ended.failed).toBe(rows.length);
      expect(items.filter(isGhost).every(isTrueOfGhost)).toBe(true);
      expect(await timesSent(named)).toEqual(named.map(() => 1));
    },
  );
});

test('killed right after the row that failed was recorded, a job that stops at an error begins no other row', async () => {
  let hasFailed = false;
  functions.dieAt(({ what, target, body }) => {
    if (target === 'BatchWriteItem' && body.includes('not_found')) hasFailed = true;
    return hasFailed && what === 'sent' && target === 'UpdateItem' && functions.deaths === 0;
  });
  const rows = ['lisi', 'ghost', 'wangwu', 'zhangsan'].map((userid) => ({ userid }));

  const id = await job.begin('wecom/delete-user', rows, { onError: 'stop' });
  const ended = await throughTrouble(job, id, { kind: 'job' });

  expect(functions.deaths).toBe(1);
  expect(ended).toMatchObject({ status: 'completed_with_errors', succeeded: 1, failed: 1, skipped: 2 });
  expect(await idsOf('wecom')).toEqual(expect.arrayContaining(['wangwu', 'zhangsan']));
});

test('no job is over while a row has no result, though its turn could not be taken for days', async () => {
  functions.cutOffAt(({ what, target, body }) => what === 'sent' && target === 'PutItem' && body.includes('turn#'));
  const id = await job.begin('wecom/delete-user', [{ userid: 'lisi' }]);
  await lambda.settled();
  lambda.advance(26 * hourMs);

  expect(await job.toEnd(id)).toMatchObject({ status: 'completed_with_errors', failed: 1 });
  expect(await job.items(id)).toMatchObject([{ status: 'failed', error: { code: 'store_unavailable' } }]);
});

test('what the rows of a cancelled plan hold is erased by the next cancel, when the first died before that', async () => {
  const { body: planned } = await job.plan('wecom/create-user', [
    { userid: 'neu', name: '新人', email: 'neu@example.com' },
  ]);
  functions.dieAt(({ what, target }) => what === 'sent' && target === 'Query');
  await expect(functions.live(() => job.cancel(planned.id))).rejects.toThrow(Died);
  expect(await job.get(planned.id)).toMatchObject({ status: 'cancelled' });

  await job.cancel(planned.id);

  expect(await job.items(planned.id)).toMatchObject([{ status: 'skipped' }]);
  expect(JSON.stringify(await storedItems())).not.toMatch(/新人|neu@example/);
});

describe('the budget of removals', () => {
  const rows = [1, 2, 3, 4].map((index) => ({ userid: member(index) }));
  const used = async () => (await store.get<Item & { used: number }>({ pk: 'budget#wecom', sk: 'day' }))?.used;
  beforeEach(() => job.wecom.reset({ members: 100 }));
  /** To the first minute of an hour, since what is reserved moves to the hour in which it is used. */
  beforeEach(() => time.advance(hourMs - (clock.now() % hourMs)));

  test('stays taken for a job that was started, though the answer of the store to that was lost', async () => {
    let cuts = 0;
    functions.cutOffAt(({ what, target, body }) => {
      const isStart = target === 'UpdateItem' && body.includes('"running"') && body.includes('"reserved"');
      return isStart && what === 'answered' && ++cuts === 1;
    });
    const { body: planned } = await job.plan('wecom/delete-user', rows);

    await functions.live(() => job.apply(planned));

    expect(cuts).toBeGreaterThan(0);
    expect((await job.get(planned.id)).status).toBe('running');
    expect(await used()).toBe(4);
    expect(await throughTrouble(job, planned.id, { kind: 'job' })).toMatchObject({ status: 'completed', succeeded: 4 });
    expect(await used()).toBe(4);
  });

  test('is given back to whoever comes second of two who apply the same plan', async () => {
    const { body: planned } = await job.plan('wecom/delete-user', rows);

    const answers = await Promise.all([job.apply(planned), job.apply(planned)]);

    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
    await job.toEnd(planned.id);
    expect(await used()).toBe(4);
  });

  test('is not given back by a worker whose place another one has taken', async () => {
    const ghosts = [1, 2, 3].map((index) => ({ userid: `ghost-${index}` }));
    const { body: planned } = await job.plan('wecom/delete-user', [{ userid: member(1) }, ...ghosts]);
    let takenOver = false;
    const takeOver = async ({ target, body }: { target: string; body: string }) => {
      if (takenOver || target !== 'UpdateItem' || !/REMOVE #n\d+"/.test(body) || !body.includes('"reserved"')) return;
      takenOver = true;
      const { generation } = await loadJob(planned.id);
      await changeRun(planned, { set: { generation: generation + 1 }, when: { generation } });
    };
    const load = async () => (await import('../../../functions/jobs/run-job.ts')).handler;
    lambda.invokeBy(functions.invoking(load, { gate: takeOver }));

    await job.apply(planned);
    const ended = await throughTrouble(job, planned.id, { kind: 'job' });

    expect(takenOver).toBe(true);
    expect(ended).toMatchObject({ succeeded: 1, failed: 3 });
    expect(await used()).toBe(1);
  });
});

const isGhost = ({ subject }: Json): boolean => subject.endsWith(':ghost');

/**
 * WeCom's directory told at the plan that there is no such member. DingTalk's members were only counted: who was being
 * deleted when the function died, and is not there now, may have been.
 */
const isTrueOfGhost = ({ subject, status, error, warnings }: Json): boolean =>
  status === 'failed'
    ? error.code === 'not_found'
    : subject.startsWith('dingtalk') && warnings.includes('upstream_error_but_verified');

/** How often a write took effect on each, in the logs of the simulators: an effect is never repeated. */
async function timesSent(userids: string[]): Promise<number[]> {
  const writes = await job.writes();
  return userids.map(
    (id) =>
      writes.filter(({ query, body }) => [query?.userid, body?.userid, ...(body?.useridlist ?? [])].includes(id))
        .length,
  );
}

/** Counts what changes the outside, over all lives. */
function changesWhere(holds: (change: number) => boolean): (event: HttpEvent) => boolean {
  let changes = 0;
  return (event) => isChange(event) && holds(++changes);
}
