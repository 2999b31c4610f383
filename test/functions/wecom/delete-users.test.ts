import { Deadline } from '../../../functions/shared/clock.ts';
import { handler } from '../../../functions/wecom/delete-user.ts';
import type { Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { simulated } from '../../support/providers.ts';
import { time } from '../../support/time.ts';

const wecom = simulated('wecom');
const log = logLines();
const batchPath = '/cgi-bin/user/batchdelete';
const deletePath = '/cgi-bin/user/delete';
const listPath = '/cgi-bin/user/list_id';

const connect = (ms = 60_000) => handler.bulk.connect(new Deadline(ms));
const inputsOf = (userids: string[]) => userids.map((userid) => ({ userid }));
const remove = (userids: string[], connected = connect()): Promise<Json[]> => connected.run(inputsOf(userids));
const members = (count: number, first = 1): string[] =>
  Array.from({ length: count }, (_, index) => `member-${String(first + index).padStart(5, '0')}`);
const onBatch = (then: Record<string, unknown>, times = 1) => wecom.faults({ path: batchPath, times, then });
const onList = (then: Record<string, unknown>, times = 1) => wecom.faults({ path: listPath, times, then });

/** How often each path was called. */
const calls = async (): Promise<Record<string, number>> => {
  const paths: string[] = (await wecom.requests()).map(({ path }) => path);
  return Object.fromEntries([...Map.groupBy(paths, (path) => path)].map(([path, own]) => [path, own.length]));
};
const leavers = async (): Promise<string[]> => (await wecom.state()).history.map(({ userid }: Json) => userid);
const writes = ({ [batchPath]: batches = 0, [deletePath]: singles = 0 }: Record<string, number>) => batches + singles;

const deleted = (userid: string, changes: object = {}) => ({
  provider: 'wecom',
  userid,
  outcome: 'deleted',
  verified: true,
  response: { errcode: 0, errmsg: 'deleted' },
  warnings: [],
  ...changes,
});
const readBack = { response: null, warnings: ['upstream_error_but_verified'] };
const failure = (code: string, outcome = 'not_applied') => expect.objectContaining({ code, outcome });

/** The slices of a job, batch by batch. */
async function removeInBatches(userids: string[]): Promise<Json[]> {
  const connected = connect(600_000);
  const ends: Json[] = [];
  for (let start = 0; start < userids.length; start += handler.bulk.size) {
    ends.push(...(await remove(userids.slice(start, start + handler.bulk.size), connected)));
  }
  return ends;
}

test('two members are deleted by one call, each with a result as a single call has it', async () => {
  expect(await remove(['LiSi', 'wangwu'])).toEqual([deleted('LiSi'), deleted('wangwu')]);

  expect(await leavers()).toEqual(['lisi', 'wangwu']);
  expect((await wecom.requests(batchPath)).map(({ body }) => body)).toEqual([{ useridlist: ['LiSi', 'wangwu'] }]);
  expect(await calls()).toEqual({ '/cgi-bin/gettoken': 1, [listPath]: 2, [batchPath]: 1 });
});

describe('ten thousand', () => {
  test('are deleted by 50 writing calls, with one reading of the id list for each', async () => {
    await wecom.reset({ members: 10_000 });

    const ends = await removeInBatches(members(10_000));

    expect(ends.filter(({ outcome, verified }) => outcome === 'deleted' && verified)).toHaveLength(10_000);
    expect(await leavers()).toHaveLength(10_000);
    const readings = (await wecom.requests(listPath)).filter(({ body }) => body.cursor === undefined);
    expect(readings).toHaveLength(51);
    expect(await calls()).toMatchObject({ [batchPath]: 50, [listPath]: 78 });
  });

  test('of whom one in a hundred is unknown: 9,900 are deleted and 100 are told apart, by as many calls', async () => {
    await wecom.reset({ members: 9_900 });
    const userids = members(9_900).flatMap((userid, index) =>
      index % 99 === 50 ? [userid, `ghost-${index}`] : userid,
    );

    const ends = await removeInBatches(userids);

    expect(userids).toHaveLength(10_000);
    ends.forEach((end, index) => {
      const userid = userids[index] ?? '';
      expect(end).toEqual(userid.startsWith('ghost') ? failure('not_found') : deleted(userid));
    });
    expect(await leavers()).toHaveLength(9_900);
    expect(writes(await calls())).toBe(50);
  });
});

test('who is not in the id list is not found, and nothing is sent', async () => {
  const [end] = await remove(['ghost']);

  expect(end).toEqual(failure('not_found'));
  expect(end.options).toMatchObject({ provider: { name: 'wecom' }, errors: [{ path: 'userid' }] });
  expect(writes(await calls())).toBe(0);
});

describe('the reading after one batch serves the next', () => {
  test('within half a minute', async () => {
    const connected = connect(300_000);

    await remove(['lisi', 'wangwu'], connected);
    time.advance(29_000);
    expect(await remove(['lisi'], connected)).toEqual([failure('not_found')]);

    expect(await wecom.requests(listPath)).toHaveLength(2);
  });

  test('and no longer', async () => {
    const connected = connect(300_000);

    await remove(['lisi', 'wangwu'], connected);
    time.advance(31_000);
    await remove(['lisi'], connected);

    expect(await wecom.requests(listPath)).toHaveLength(3);
  });
});

describe('a refused batch', () => {
  const one = [members(200)[100] ?? ''];
  const five = members(200).filter((_, index) => index % 40 === 7);

  test.each([
    ['one', one, 19, 5],
    ['five', five, 67, 13],
    ['all', members(200), 243, 45],
  ])(
    'of 200, %s of whom cannot be deleted: the others are, and each of them says why',
    async (_, bad, most, readings) => {
      await wecom.reset({ members: 200, unmanaged: bad });

      const ends = await remove(members(200));

      expect(ends).toEqual(
        members(200).map((userid) => (bad.includes(userid) ? failure('needs_human') : deleted(userid))),
      );
      expect(ends.flatMap(({ options }) => options?.provider.code ?? [])).toEqual(bad.map(() => '60275'));
      expect(await leavers()).toHaveLength(200 - bad.length);
      const counted = await calls();
      expect(writes(counted)).toBeLessThanOrEqual(most);
      expect(counted[listPath]).toBeLessThanOrEqual(readings);
    },
  );

  test.each([
    ['one', one],
    ['five', five],
  ])('that deleted a part, because of %s: that part is deleted too', async (_, bad) => {
    await wecom.reset({ members: 200, unmanaged: bad, partialBatches: true });

    const ends = await remove(members(200));

    const found = ends.filter(({ warnings }) => warnings?.length > 0);
    expect(found.length).toBeGreaterThan(0);
    expect(new Set(found)).toEqual(new Set(found.map(({ userid }) => deleted(userid, readBack))));
    expect(ends.map(({ outcome, code }) => code ?? outcome)).toEqual(
      members(200).map((userid) => (bad.includes(userid) ? 'needs_human' : 'deleted')),
    );
    expect(await leavers()).toHaveLength(200 - bad.length);
    expect(writes(await calls())).toBeLessThanOrEqual(67);
  });

  test('because of the creator needs a human for the creator alone', async () => {
    const [creator, ...others] = await remove(['founder', 'lisi', 'wangwu']);

    expect(creator).toEqual(failure('needs_human'));
    expect(creator.options.provider.code).toBe('301005');
    expect(others).toEqual([deleted('lisi'), deleted('wangwu')]);
  });

  test.each([60111, 40031, 40003, 46004])('with %i is never taken for "all gone"', async (errcode) => {
    await onBatch({ errcode });

    expect(await remove(['lisi', 'wangwu'])).toEqual([deleted('lisi'), deleted('wangwu')]);
    expect(await calls()).toMatchObject({ [batchPath]: 1, [deletePath]: 2 });
  });

  test('because somebody left meanwhile is sent again without them', async () => {
    await wecom.reset({ members: 50 });
    const connected = connect();
    await remove(['zhouba'], connected);
    const by = connect();
    await remove(['member-00007'], by);

    const ends = await remove(members(50), connected);

    expect(ends).toEqual(members(50).map((userid, index) => deleted(userid, index === 6 ? readBack : {})));
    expect(await calls()).toMatchObject({ [batchPath]: 2, [deletePath]: 2 });
  });

  test('is unknown for all when the id list cannot be read any more, and nothing more is sent', async () => {
    const connected = connect();
    await remove(['zhouba'], connected);
    await onBatch({ errcode: 40031 });
    await onList({ status: 500 }, 9);

    const ends = await remove(['lisi', 'wangwu'], connected);

    expect(ends).toEqual([failure('provider_timeout', 'unknown'), failure('provider_timeout', 'unknown')]);
    expect(await calls()).toMatchObject({ [batchPath]: 1, [deletePath]: 1 });
  });
});

describe('a batch without an answer', () => {
  test.each([
    ['the connection is cut after it took effect', { drop: 'after' }, 1, readBack],
    ['it is cut once, with nothing done', { drop: 'before' }, 2, {}],
    ['a 500', { status: 500 }, 2, {}],
  ])('is deleted: %s', async (_, then, sent, found) => {
    await onBatch(then);

    expect(await remove(['lisi', 'wangwu'])).toEqual([deleted('lisi', found), deleted('wangwu', found)]);
    expect(await wecom.requests(batchPath)).toHaveLength(sent);
  });

  test('is unknown when the second is lost too and they are still there', async () => {
    await onBatch({ drop: 'before' }, 2);

    const ends = await remove(['lisi', 'wangwu']);

    expect(ends).toEqual([failure('provider_unavailable', 'unknown'), failure('provider_unavailable', 'unknown')]);
    expect(await wecom.requests(batchPath)).toHaveLength(2);
  });

  test('that timed out may be at work still: it is unknown, and not sent again', async () => {
    const runOut = await wecom.hold(batchPath);
    const ends = remove(['lisi', 'wangwu']);
    await wecom.came(batchPath);
    runOut();

    expect(await ends).toEqual([failure('provider_timeout', 'unknown'), failure('provider_timeout', 'unknown')]);
    expect(await wecom.requests(batchPath)).toHaveLength(1);
    expect((await wecom.requests(listPath)).length).toBeGreaterThan(1);
  });

  test.each([
    ['truncated JSON', '{"errcode":0,'],
    ['HTML', '<html></html>'],
  ])('%s instead of it is not taken for a success, nor sent again', async (_, body) => {
    await onBatch({ body });

    expect(await remove(['lisi', 'wangwu'])).toEqual([
      failure('provider_unexpected', 'unknown'),
      failure('provider_unexpected', 'unknown'),
    ]);
    expect(writes(await calls())).toBe(1);
    expect(await leavers()).toEqual([]);
  });

  test('is unknown when the id list cannot be read', async () => {
    const connected = connect();
    await remove(['zhouba'], connected);
    await onBatch({ drop: 'after' });
    await onList({ drop: 'before' }, 9);

    const ends = await remove(['lisi', 'wangwu'], connected);

    expect(ends).toEqual([failure('provider_timeout', 'unknown'), failure('provider_timeout', 'unknown')]);
    expect(await wecom.requests(batchPath)).toHaveLength(1);
  });
});

test('a code that nobody knows is unknown for all, even if they are gone, and nothing more is sent', async () => {
  const connected = connect();
  await remove(['zhouba', 'zhaoliu'], connected);
  await onBatch({ errcode: 99_999 });
  await onList({ body: JSON.stringify({ errcode: 0, dept_user: [{ userid: 'founder', department: 1 }] }) }, 2);

  expect(await remove(['lisi', 'wangwu'], connected)).toEqual([
    failure('provider_unexpected', 'unknown'),
    failure('provider_unexpected', 'unknown'),
  ]);
  expect(writes(await calls())).toBe(2);
});

describe('what proves that nothing was done ends the batch', () => {
  test.each([
    [45009, 'provider_rate_limited'],
    [48002, 'provider_permission'],
    [60020, 'provider_ip_refused'],
    [40013, 'provider_credentials'],
  ])('%i', async (errcode, code) => {
    await onBatch({ errcode });

    expect(await remove(['lisi', 'wangwu'])).toEqual([failure(code), failure(code)]);
    expect(writes(await calls())).toBe(1);
    expect(await leavers()).toEqual([]);
  });

  test('busy for longer than we try', async () => {
    await onBatch({ errcode: -1 }, 4);

    expect(await remove(['lisi', 'wangwu'])).toEqual([
      failure('provider_unavailable'),
      failure('provider_unavailable'),
    ]);
    expect(await wecom.requests(batchPath)).toHaveLength(4);
  });

  test('busy for a moment is tried again', async () => {
    await onBatch({ errcode: -1 }, 3);

    expect(await remove(['lisi', 'wangwu'])).toEqual([deleted('lisi'), deleted('wangwu')]);
  });

  test('of a single call, for the others too', async () => {
    await onBatch({ errcode: 40031 });
    await wecom.faults({ method: 'GET', path: deletePath, then: { errcode: 60020 } });

    const ends = await remove(['lisi', 'wangwu']);

    expect(ends).toEqual([failure('provider_ip_refused'), failure('provider_ip_refused')]);
    expect(await wecom.requests(deletePath)).toHaveLength(1);
    expect(await leavers()).toEqual([]);
  });

  test('in the middle of a refused batch, for those who were not sent', async () => {
    await wecom.reset({ members: 12, unmanaged: ['member-00001'] });
    await wecom.faults({ method: 'GET', path: deletePath, then: { errcode: 60275 } });
    await wecom.faults({ path: batchPath, then: { errcode: 60275 } }, { path: batchPath, then: { errcode: 45009 } });

    const ends = await remove(members(12));

    expect(ends).toEqual(members(12).map(() => failure('provider_rate_limited')));
    expect(ends.at(-1).options.nothingSent).toBe(true);
    expect(await leavers()).toEqual([]);
  });
});

describe('the id list', () => {
  test.each([
    ['fails', { status: 500 }],
    ['is empty', { body: '{"errcode":0,"dept_user":[]}' }],
    ['is no list', { body: '{"errcode":0}' }],
  ])('that %s before the batch lets nothing be sent', async (_, then) => {
    await onList(then, 9);

    const ends = await remove(['lisi', 'wangwu']);

    expect(ends.map(({ outcome, options }) => [outcome, options.nothingSent])).toEqual([
      ['not_applied', true],
      ['not_applied', true],
    ]);
    expect(writes(await calls())).toBe(0);
  });

  test('that fails after it leaves what WeCom said unverified', async () => {
    const connected = connect();
    await remove(['zhouba'], connected);
    await onList({ status: 500 }, 9);

    expect(await remove(['lisi', 'wangwu'], connected)).toEqual([
      deleted('lisi', { verified: 'unverified', reason: expect.stringContaining('reading back failed') }),
      deleted('wangwu', { verified: 'unverified', reason: expect.stringContaining('reading back failed') }),
    ]);
  });

  test('that still names them after a yes fails the verification', async () => {
    await onBatch({ errcode: 0 });

    expect(await remove(['lisi', 'wangwu'])).toEqual([failure('verification_failed'), failure('verification_failed')]);
    expect(await leavers()).toEqual([]);
  });
});

test('a body that WeCom did not parse cleanly is logged once, and warned of in each result', async () => {
  const connected = connect();
  await remove(['zhouba'], connected);
  await onBatch({ body: JSON.stringify({ errcode: 0, errmsg: 'deleted. Warning: wrong json format.' }) });
  await onList({ body: JSON.stringify({ errcode: 0, dept_user: [{ userid: 'founder', department: 1 }] }) });

  const ends = await remove(['lisi', 'wangwu'], connected);

  const warnings = ['request_not_parsed_cleanly'];
  expect(ends).toMatchObject([
    { outcome: 'deleted', warnings },
    { outcome: 'deleted', warnings },
  ]);
  expect(log.parsed().filter(({ level }) => level === 'ERROR')).toHaveLength(1);
});
