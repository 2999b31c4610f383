import { handler } from '../../../functions/wibiclick/list-website-users.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { simulated } from '../../support/providers.ts';
import { startScriptedServer } from '../../support/scripted-server.ts';

const wibiclick = simulated('wibiclick');
const log = logLines();
const path = '/users';
const list = (websiteId = '201', query = '') => invoke(handler, { path: { websiteId }, query });
const onRead = (body: string) => wibiclick.faults({ method: 'GET', path, then: { body } });

const thandi = { userId: '101', firstName: 'Thandi', lastName: 'Nkosi', email: '101@wibiclick.example' };
const pieter = { userId: '102', firstName: 'Pieter', lastName: 'Botha', email: '102@wibiclick.example' };

test.each([
  ['a string', '201', ['101', '102']],
  ['a number', '202', ['101', '104']],
])('gives the users of a website whose id is %s by one read', async (_, websiteId, userIds) => {
  const answer = await list(websiteId);

  expect(answer.body.items.map(({ userId }: Json) => userId)).toEqual(userIds);
  expect(await wibiclick.requests()).toMatchObject([
    { method: 'GET', path, query: { id: websiteId, limit: '100', offset: '0' } },
  ]);
});

test('says who they are and nothing else, and no log line does', async () => {
  expect((await list()).body).toEqual({ items: [thandi, pieter], cursor: null });
  expect(log.text()).toContain('/wibiclick/websites/{websiteId}/users');
  expect(log.text()).not.toMatch(/Thandi|@/);
});

test('takes a user who has nothing but an id', async () => {
  await onRead('{"users":[{"id":7},{"id":"u-8","firstName":null,"lastName":"","email":"a@b.example"}]}');

  expect((await list()).body.items).toEqual([{ userId: '7' }, { userId: 'u-8', email: 'a@b.example' }]);
});

test('gives them in our own pages', async () => {
  const first = await list('201', 'limit=1');
  const second = await list('201', `limit=1&cursor=${first.body.cursor}`);

  expect(first.body).toEqual({ items: [thandi], cursor: '1' });
  expect(second.body).toEqual({ items: [pieter], cursor: null });
});

test('an unknown website is 404 and names the field', async () => {
  expect(await list('999')).toMatchObject({
    status: 404,
    body: { code: 'not_found', provider: { code: 'website_not_found' }, errors: [{ path: 'websiteId' }] },
  });
});

test.each([
  ['to the first short page', 250, ['0', '100', '200']],
  ['to an empty page', 100, ['0', '100']],
])("reads the provider's pages %s", async (_, count, offsets) => {
  const rows = Array.from({ length: count }, (_, id) => ({ id }));
  const server = await startScriptedServer(({ query }) => {
    const start = Number(query.offset);
    return { body: { users: rows.slice(start, start + Number(query.limit)), total: count } };
  });
  await wibiclick.secret({ baseUrl: server.url });

  const answer = await list('201', 'limit=1000');

  await server.close();
  expect(answer.body.items).toHaveLength(count);
  expect(server.seen.map(({ query }) => query.offset)).toEqual(offsets);
});

test.each([
  ['another shape', '{"data":[]}'],
  ['a bare array', '[]'],
  ['a row without an id', '{"users":[{"email":"a@b.example"}]}'],
  ['less than its total', '{"users":[],"total":1}'],
  ['HTML', '<p>Welcome</p>'],
])('never takes %s for an empty list', async (_, body) => {
  await onRead(body);

  expect(await list()).toMatchObject({
    status: 502,
    body: { code: 'provider_unexpected', retryable: false, outcome: 'not_applied' },
  });
});
