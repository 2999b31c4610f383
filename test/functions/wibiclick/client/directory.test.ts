import { Deadline } from '../../../../functions/shared/clock.ts';
import { userIds } from '../../../../functions/wibiclick/client/directory.ts';
import { wibiclick as connect } from '../../../../functions/wibiclick/client/index.ts';
import { simulated } from '../../../support/providers.ts';

const wibiclick = simulated('wibiclick');
const read = () => userIds(connect(new Deadline(25_000)));
const everywhere = (path: string, then: Record<string, unknown>, times = 9) =>
  wibiclick.faults({ method: 'GET', path, times, then });

test('names the users of all websites, each once', async () => {
  expect((await read()).toSorted()).toEqual(['101', '102', '103', '104']);

  expect((await wibiclick.requests('/users')).map(({ query }) => query.id)).toEqual(['201', '202', '203', '204']);
});

test('reads each list to its end', async () => {
  await wibiclick.reset({ members: 250 });

  expect(await read()).toHaveLength(254);
});

test.each([
  ['the websites cannot be read', '/get-websites', { status: 500 }],
  ['the users of one website cannot be read', '/users', { status: 500 }],
  ['there is no website', '/get-websites', { body: '[]' }],
  ['there is no user', '/users', { body: '{"users":[]}' }],
  ['a list says that it holds more', '/users', { body: '{"users":[{"id":"101"}],"total":2}' }],
])('throws when %s', async (_, path, then) => {
  await everywhere(path, then);

  await expect(read()).rejects.toMatchObject({ code: expect.stringMatching(/^provider_un(available|expected)$/) });
});

test('throws when the list of the last website cannot be read', async () => {
  await everywhere('/users', { delayMs: 0 }, 3);
  await everywhere('/users', { status: 403 }, 1);

  await expect(read()).rejects.toMatchObject({ code: 'provider_permission' });
});
