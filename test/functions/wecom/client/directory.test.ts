import { Deadline } from '../../../../functions/shared/clock.ts';
import { wecom as connect } from '../../../../functions/wecom/client/index.ts';
import { simulated } from '../../../support/providers.ts';

const wecom = simulated('wecom');
const listPath = '/cgi-bin/user/list_id';
const read = () => connect(new Deadline(25_000)).directory.read();
const onList = (then: Record<string, unknown>, times = 1) => wecom.faults({ path: listPath, times, then });
/** Whatever is asked for first is answered as it should be. */
const later = () => onList({ delayMs: 0 });
const cursors = async () => (await wecom.requests(listPath)).map(({ body }) => Boolean(body.cursor));

test('names everybody once, as WeCom spells them', async () => {
  const { userids, count } = await read();

  expect(userids.toSorted()).toEqual(['founder', 'lisi', 'sunqi', 'wangwu', 'wujiu', 'zhangsan', 'zhaoliu', 'zhouba']);
  expect(count).toBe(8);
});

test('is read to its end, and knows a member in any spelling', async () => {
  await wecom.reset({ members: 6_000 });

  const members = await read();

  expect(members.count).toBe(6_008);
  expect(['Member-06000', 'LiSi', 'ghost'].map((userid) => members.has(userid))).toEqual([true, true, false]);
  expect(await cursors()).toEqual([false, true]);
});

describe('a cursor that WeCom has lost', () => {
  test.each([50100, 60268])('%i: the reading begins again', async (errcode) => {
    await wecom.reset({ members: 6_000 });
    await later();
    await onList({ errcode });

    expect((await read()).count).toBe(6_008);
    expect(await cursors()).toEqual([false, true, false, true]);
  });

  test('twice is a failure', async () => {
    await wecom.reset({ members: 6_000 });
    await later();
    await onList({ errcode: 50100 });
    await later();
    await onList({ errcode: 50100 });

    await expect(read()).rejects.toMatchObject({ code: 'provider_rejected' });
  });
});

test('a page that cannot be read fails the reading', async () => {
  await wecom.reset({ members: 6_000 });
  await later();
  await onList({ status: 500 }, 9);

  await expect(read()).rejects.toMatchObject({ code: 'provider_unavailable' });
});

test('nobody at all cannot be: the creator always is there', async () => {
  await onList({ body: '{"errcode":0,"dept_user":[]}' });

  await expect(read()).rejects.toMatchObject({ code: 'provider_unexpected' });
});
