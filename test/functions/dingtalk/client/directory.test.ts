import { dingtalkDirectory } from '../../../../functions/dingtalk/client/directory.ts';
import { Deadline } from '../../../../functions/shared/clock.ts';
import type { Json } from '../../../support/invoke.ts';
import { simulated } from '../../../support/providers.ts';
import { countPath, listidPath, listsubidPath } from '../support.ts';

const dingtalk = simulated('dingtalk');
const directory = () => dingtalkDirectory(new Deadline(25_000));
const everybody = async () => (await dingtalk.state()).members.map(({ userid }: Json) => userid);
/** Faults in the answers of one path, for its first, its second call and so on. */
const answers = (path: string, ...each: Json[]) => dingtalk.faults(...each.map((then) => ({ path, then })));
const asItIs = { delayMs: 0 };
const counted = (count: number) => ({ body: JSON.stringify({ errcode: 0, result: { count } }) });
const listed = (...userid_list: string[]) => ({ body: JSON.stringify({ errcode: 0, result: { userid_list } }) });

test('counts all users, those who never signed in too', async () => {
  expect(await directory().count()).toBe(8);
  expect((await dingtalk.requests(countPath))[0].body).toEqual({ only_active: false });
});

test('names the administrators, primary and sub', async () => {
  expect(await directory().administrators()).toEqual(['founder', 'zhaoliu']);
});

describe('all ids', () => {
  test('are those of every department, each once', async () => {
    const userids = await directory().userids();

    expect(userids.sort()).toEqual((await everybody()).sort());
    expect(userids.filter((id) => id === 'wangwu')).toHaveLength(1); // who is in two departments
  });

  test('are read by one call of each kind for each department, between two counts', async () => {
    await directory().userids();

    const departments = async (path: string) => (await dingtalk.requests(path)).map(({ body }) => body.dept_id).sort();
    expect(await departments(listidPath)).toEqual([1, 2, 3, 4]);
    expect(await departments(listsubidPath)).toEqual([1, 2, 3, 4]);
    const [token, first, ...rest] = (await dingtalk.requests()).map(({ path }) => path);
    expect([first, rest.at(-1)]).toEqual([countPath, countPath]);
    expect(token).toContain('accessToken');
  });

  test('are read of a large organisation', async () => {
    await dingtalk.reset({ members: 10_000 });

    expect(await directory().userids()).toHaveLength(10_008);
  });

  test.each([listidPath, listsubidPath])('are not given out when %s fails for any department', async (path) => {
    for (const before of [0, 1, 2, 3]) {
      await dingtalk.reset();
      await answers(path, ...Array(before).fill(asItIs), { errcode: 50004 });

      await expect(directory().userids()).rejects.toMatchObject({ code: 'provider_permission' });
    }
  });

  test.each<[what: string, path: string, faults: Json[], words: string]>([
    ['a department went away meanwhile', listidPath, [asItIs, { errcode: 60003 }], 'went away meanwhile'],
    ['a listing was empty that is not', listidPath, [asItIs, listed()], 'users were listed, and DingTalk counts 8'],
    ['a department hid its children', listsubidPath, [{ errcode: 0 }], '2 users were listed, and DingTalk counts 8'],
    ['less was read than counted before and after', countPath, [counted(9), counted(10)], 'DingTalk counts 9'],
    ['there was nobody', listidPath, Array(4).fill(listed()), 'it is empty'],
  ])('are not given out when %s', async (_, path, faults, words) => {
    await answers(path, ...faults);

    await expect(directory().userids()).rejects.toMatchObject({
      code: 'provider_unexpected',
      outcome: 'not_applied',
      message: expect.stringMatching(`the directory could not be read whole: .*${words}`),
    });
  });

  test('and not an empty organisation either', async () => {
    await answers(countPath, counted(0), counted(0));
    await answers(listidPath, ...Array(4).fill(listed()));

    await expect(directory().userids()).rejects.toMatchObject({ code: 'provider_unexpected' });
  });

  test.each([
    ['somebody joined meanwhile', [counted(8), counted(9)]],
    ['somebody left meanwhile', [counted(9), counted(8)]],
  ])('are given out when %s', async (_, counts) => {
    await answers(countPath, ...counts);

    expect(await directory().userids()).toHaveLength(8);
  });

  test('are not read round and round when departments contain each other', async () => {
    const children = { body: '{"errcode":0,"result":{"dept_id_list":[1,2,3,4]}}' };
    await answers(listsubidPath, asItIs, children, children);

    expect(await directory().userids()).toHaveLength(8);
  });
});
