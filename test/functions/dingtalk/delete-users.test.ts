import { setTimeout } from 'node:timers/promises';
import { handler } from '../../../functions/dingtalk/delete-user.ts';
import { Deadline } from '../../../functions/shared/clock.ts';
import { OperationError } from '../../../functions/shared/errors.ts';
import type { Json } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';
import { banBody, deletePath, getPath, listidPath, tokenPath } from './support.ts';

const dingtalk = simulated('dingtalk');
const { bulk } = handler;

type Deletion = string | { userid: string; handoverResource: Json };

/** Deletes them as a job does, in one batch. */
const removeAll = (deletions: Deletion[]): Promise<Json[]> =>
  bulk
    .connect(new Deadline(60_000))
    .run(deletions.map((one) => bulk.input.parse(typeof one === 'string' ? { userid: one } : one)));
const handingOver = (userid: string, handoverUserId: string) => ({
  userid,
  handoverResource: { dingPan: { action: 'handover', handoverUserId } },
});

/** How each ended: its outcome and what reading showed, or the code of its failure and whether it may be done. */
const wordsOf = (ends: Json[]): string[] =>
  ends.map((end) => (end instanceof OperationError ? `${end.code} ${end.outcome}` : `${end.outcome} ${end.verified}`));
const on = (path: string, ...each: Json[]) => dingtalk.faults(...each.map((then) => ({ path, then })));
const asItIs = { delayMs: 0 };
const remaining = async (): Promise<string[]> => (await dingtalk.state()).members.map(({ userid }: Json) => userid);
const countOf = async (path: string) => (await dingtalk.requests(path)).length;
const useridsOf = async (path: string) => (await dingtalk.requests(path)).map(({ body }) => body.userid);
const generated = (count: number) =>
  Array.from({ length: count }, (_, index) => `member-${String(index + 1).padStart(5, '0')}`);

const good = 'deleted true';

describe('a batch', () => {
  test('deletes everybody in it, with one read and one deletion each and one listing for each department', async () => {
    await dingtalk.reset({ members: 100 });

    const ends = await removeAll(generated(100));

    expect(wordsOf(ends)).toEqual(Array(100).fill(good));
    expect(await remaining()).toHaveLength(8);
    expect((await useridsOf(getPath)).sort()).toEqual(generated(100));
    expect((await useridsOf(deletePath)).sort()).toEqual(generated(100));
    expect((await dingtalk.requests(listidPath)).map(({ body }) => body.dept_id).sort()).toEqual([2, 3, 4]);
    expect(await countOf(tokenPath)).toBe(1);
    expect(await dingtalk.requests()).toHaveLength(204);
  });

  test('reads departments only after its last deletion', async () => {
    await dingtalk.reset({ members: 30 });

    await removeAll(generated(30));

    const paths = (await dingtalk.requests()).map(({ path }) => path);
    expect(paths.indexOf(listidPath)).toBeGreaterThan(paths.lastIndexOf(deletePath));
  });

  test('answers each as a single deletion does', async () => {
    const [plain, withHandover] = await removeAll(['zhangsan', handingOver('lisi', 'wangwu')]);

    const response = { errcode: 0, errmsg: 'ok', request_id: expect.any(String) };
    const answer = { provider: 'dingtalk', outcome: 'deleted', verified: true, response, warnings: [] };
    expect(plain).toEqual({ userid: 'zhangsan', ...answer });
    expect(withHandover).toEqual({
      userid: 'lisi',
      ...answer,
      handover: { status: 'unverified', reason: expect.stringContaining('confirms nothing') },
    });
    for (const end of [plain, withHandover]) handler.operation.output.parse(end);
    expect((await dingtalk.state()).handovers).toEqual([handingOver('lisi', 'wangwu')]);
  });

  test('tells each end in its place, whatever the others take', async () => {
    await on(getPath, { delayMs: 60 }, { delayMs: 40 }, { delayMs: 20 });

    const ends = await removeAll(['zhangsan', 'nobody', 'founder', 'lisi', 'sunqi']);

    expect(wordsOf(ends)).toEqual([good, 'not_found not_applied', 'protected not_applied', good, good]);
  });

  test('of nobody sends nothing', async () => {
    expect(await removeAll([])).toEqual([]);
    expect(await dingtalk.requests()).toEqual([]);
  });

  test('has at most ten under way', async () => {
    await dingtalk.reset({ members: 30 });
    await dingtalk.hold(getPath, { times: 10 });

    const run = removeAll(generated(30));
    await dingtalk.came(getPath, 10);
    await setTimeout(50);
    const early = await countOf(getPath);
    await dingtalk.release();
    await run;

    expect(early).toBe(10);
  });
});

describe('somebody', () => {
  test.each([
    ['who is an administrator', 'zhaoliu', 'DingTalk lists it as an administrator'],
    ['who is a boss', 'founder', 'DingTalk lists it as'],
    ['who is the operator of the secret', 'wangwu', 'it is the operator of the secret'],
  ])('%s is left alone, and the others go', async (_, userid, why) => {
    await dingtalk.secret({ operatorUserid: 'wangwu' });

    const [end, ...others] = await removeAll([userid, 'lisi', 'zhangsan']);

    expect(end).toMatchObject({ code: 'protected', outcome: 'not_applied', message: expect.stringContaining(why) });
    expect(wordsOf(others)).toEqual([good, good]);
    expect(await remaining()).toContain(userid);
    expect(await useridsOf(deletePath)).not.toContain(userid);
  });

  test('whom DingTalk does not know is not found, and no deletion is sent', async () => {
    const [end] = await removeAll(['nobody']);

    expect(end).toMatchObject({ code: 'not_found', outcome: 'not_applied', options: { provider: { code: '33012' } } });
    expect(await countOf(deletePath)).toBe(0);
  });

  test('who went between the read and the deletion is not found', async () => {
    await on(deletePath, { errcode: 33012 });
    await on(getPath, asItIs, { errcode: 60121 });

    expect(wordsOf(await removeAll(['lisi']))).toEqual(['not_found not_applied']);
  });

  test('whom DingTalk shows, but does not know when it shall delete, is refused and not absent', async () => {
    await on(deletePath, { errcode: 33012 });

    expect(wordsOf(await removeAll(['lisi']))).toEqual(['provider_rejected not_applied']);
    expect(await remaining()).toContain('lisi');
  });
});

describe('takers', () => {
  test('are read once in a batch, however many hand over to them', async () => {
    await dingtalk.reset({ members: 20 });

    const ends = await removeAll(generated(20).map((userid) => handingOver(userid, 'wangwu')));

    expect(wordsOf(ends)).toEqual(Array(20).fill(good));
    expect((await useridsOf(getPath)).filter((userid) => userid === 'wangwu')).toHaveLength(1);
  });

  test.each([
    ['who do not exist', 'nobody', 'nobody does not exist in DingTalk'],
    ['who shall be deleted too', 'zhangsan', 'zhangsan shall be deleted too'],
  ])('%s keep the one from being deleted who hands over to them', async (_, taker, message) => {
    const [end, other] = await removeAll([handingOver('lisi', taker), 'zhangsan']);

    const path = 'handoverResource.dingPan.handoverUserId';
    expect(end).toMatchObject({
      code: 'provider_rejected',
      outcome: 'not_applied',
      options: { errors: [{ path, message }] },
    });
    expect(wordsOf([other])).toEqual([good]);
    expect(await remaining()).toContain('lisi');
  });

  test('who cannot be read keep everybody from it who hands over to them', async () => {
    await on(getPath, asItIs, { errcode: 50002 });

    const ends = await removeAll([handingOver('lisi', 'wangwu')]);

    expect(wordsOf(ends)).toEqual(['provider_permission not_applied']);
    expect(await countOf(deletePath)).toBe(0);
  });
});

describe('an answer to a deletion that is lost', () => {
  test('after it took effect is read back, and nothing is sent again', async () => {
    await on(deletePath, { drop: 'after' });

    const [end, other] = await removeAll(['lisi', 'lisi-2']);

    expect(end).toMatchObject({
      outcome: 'deleted',
      verified: true,
      response: null,
      warnings: ['upstream_error_but_verified'],
    });
    expect(wordsOf([other])).toEqual(['not_found not_applied']);
    expect(await useridsOf(deletePath)).toEqual(['lisi']);
  });

  test('before it took effect is sent again after a read', async () => {
    await on(deletePath, { drop: 'before' });

    const [end] = await removeAll(['lisi']);

    expect(end).toMatchObject({ outcome: 'deleted', verified: true, response: { errcode: 0 }, warnings: [] });
    expect(await useridsOf(deletePath)).toEqual(['lisi', 'lisi']);
    expect(await countOf(getPath)).toBe(2);
  });

  test('and cannot be read back is unknown', async () => {
    await on(deletePath, { drop: 'after' });
    await on(getPath, asItIs, { errcode: 50002 });

    expect(wordsOf(await removeAll(['lisi']))).toEqual(['provider_timeout unknown']);
    expect(await countOf(deletePath)).toBe(1);
  });
});

describe('reading back', () => {
  test('contradicts a yes that did nothing', async () => {
    await on(deletePath, { errcode: 0 });

    const ends = await removeAll(['lisi', 'nobody']);

    expect(wordsOf(ends)).toEqual(['verification_failed not_applied', 'not_found not_applied']);
    expect(ends[0].message).toBe('dingtalk confirmed the change, but reading back shows no change');
    expect(await remaining()).toContain('lisi');
  });

  test.each([
    ['a listing that fails', { errcode: 50004 }],
    ['a listing in another shape', { body: '{"errcode":0,"result":{}}' }],
  ])('reads the user instead of %s', async (_, then) => {
    await on(listidPath, then);

    expect(wordsOf(await removeAll(['lisi']))).toEqual([good]);
    expect(await useridsOf(getPath)).toEqual(['lisi', 'lisi']);
  });

  test('reads the user when one of two departments cannot be listed', async () => {
    await on(listidPath, asItIs, { errcode: 50004 });

    expect(wordsOf(await removeAll(['wangwu']))).toEqual([good]);
    expect(await useridsOf(getPath)).toEqual(['wangwu', 'wangwu']);
  });

  test.each([
    ['no', undefined],
    ['an empty list of', []],
    ['a list in another shape of', { dept_id: 3 }],
  ])('reads a user who shows %s departments', async (_, dept_id_list) => {
    await on(getPath, { body: JSON.stringify({ errcode: 0, result: { userid: 'lisi', dept_id_list } }) });

    expect(wordsOf(await removeAll(['lisi']))).toEqual([good]);
    expect(await countOf(listidPath)).toBe(0);
    expect(await countOf(getPath)).toBe(2);
  });

  test('takes a department that is gone for an empty one', async () => {
    await on(listidPath, { errcode: 60003 });

    expect(wordsOf(await removeAll(['lisi']))).toEqual([good]);
    expect(await countOf(getPath)).toBe(1);
  });

  test('finds out a lie by the user too, when the listing fails', async () => {
    await on(deletePath, { errcode: 0 });
    await on(listidPath, { errcode: 50004 });

    expect(wordsOf(await removeAll(['lisi']))).toEqual(['verification_failed not_applied']);
  });

  test('says what keeps it from knowing', async () => {
    await on(listidPath, { errcode: 50004 });
    await on(getPath, asItIs, { errcode: 50002 });

    const [end] = await removeAll(['lisi']);

    expect(end).toMatchObject({ outcome: 'deleted', verified: 'unverified', response: { errcode: 0 } });
    expect(end.reason).toMatch(/^reading back failed: dingtalk answered 50002/);
  });
});

describe('a failure', () => {
  test.each([
    ['that concerns one only', { errcode: 50002 }, 'provider_permission not_applied'],
    ['that nobody explains', { errcode: 98765 }, 'provider_unexpected not_applied'],
  ])('%s is the end of that one', async (_, then, words) => {
    await on(deletePath, then);

    const ends = await removeAll(['lisi', 'zhangsan', 'sunqi']);

    expect(wordsOf(ends).sort()).toEqual([good, good, words]);
  });

  test('by throttling in the middle is waited for', async () => {
    await dingtalk.reset({ members: 40 });
    await on(deletePath, ...Array(15).fill(asItIs), ...Array(3).fill({ errcode: 90018 }));

    const ends = await removeAll(generated(40));

    expect(wordsOf(ends)).toEqual(Array(40).fill(good));
    expect(await countOf(deletePath)).toBe(43);
  });

  test.each<[what: string, path: string, times: number, then: Json, code: string]>([
    ['the quota is spent', deletePath, 100, { errcode: 90020 }, 'provider_quota'],
    ['our address is banned', deletePath, 1, { body: banBody }, 'provider_rate_limited'],
    ['the app is banned', getPath, 1, { errcode: 90004 }, 'provider_rate_limited'],
    ['calls are throttled to the end', deletePath, 1000, { errcode: 90002 }, 'provider_rate_limited'],
    ['the credential is refused', getPath, 1000, { errcode: 50003 }, 'provider_credentials'],
    ['our address is refused', getPath, 1000, { errcode: 60020 }, 'provider_ip_refused'],
  ])('that holds for all ends the batch: %s', async (_, path, times, then, code) => {
    await dingtalk.reset({ members: 100 });
    await dingtalk.faults({ path, times: 5, then: asItIs }, { path, times, then });

    const ends = await removeAll(generated(100));

    const failures = ends.filter((end) => end instanceof OperationError);
    expect(await remaining()).toHaveLength(8 + failures.length);
    expect(new Set(wordsOf(failures))).toEqual(new Set([`${code} not_applied`]));
    expect(new Set(await useridsOf(getPath)).size).toBeLessThan(40);
  });
});
