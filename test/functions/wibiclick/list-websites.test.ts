import { handler } from '../../../functions/wibiclick/list-websites.ts';
import { invoke } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { simulated } from '../../support/providers.ts';
import { startScriptedServer } from '../../support/scripted-server.ts';

const wibiclick = simulated('wibiclick');
logLines();
const path = '/get-websites';
const list = (query = '') => invoke(handler, { query });

const alder = { websiteId: '201', name: 'Alder Repairs' };
const birch = { websiteId: '202', name: 'Birch Cooling' };
const cedar = { websiteId: '203', name: 'Cedar Plumbing' };
const dogwood = { websiteId: '204', name: 'Dogwood Electric' };

test('gives the websites by one read, their ids as strings', async () => {
  expect((await list()).body).toEqual({ items: [alder, birch, cedar, dogwood], cursor: null });
  expect(await wibiclick.requests()).toMatchObject([{ method: 'GET', path, query: { limit: '100', offset: '0' } }]);
});

test('gives them in our own pages', async () => {
  const first = await list('limit=3');
  const second = await list(`limit=3&cursor=${first.body.cursor}`);

  expect(first.body).toEqual({ items: [alder, birch, cedar], cursor: '3' });
  expect(second.body).toEqual({ items: [dogwood], cursor: null });
});

test.each([
  ['to the first short page', 250, ['0', '100', '200']],
  ['to an empty page', 100, ['0', '100']],
])("reads the provider's pages %s", async (_, count, offsets) => {
  const rows = Array.from({ length: count }, (_, value) => ({ label: 'w', value }));
  const server = await startScriptedServer(({ query }) => {
    const start = Number(query.offset);
    return { body: rows.slice(start, start + Number(query.limit)) };
  });
  await wibiclick.secret({ baseUrl: server.url });

  const answer = await list('limit=1000');

  await server.close();
  expect(answer.body.items).toHaveLength(count);
  expect(server.seen.map(({ query }) => query.offset)).toEqual(offsets);
});

test.each([
  ['another shape', '{"data":[]}'],
  ['a row without an id', '[{"label":"Alder"}]'],
  ['less than its total', '{"websites":[],"total":1}'],
  ['HTML', '<p>Welcome</p>'],
])('never takes %s for an empty list', async (_, body) => {
  await wibiclick.faults({ method: 'GET', path, then: { body } });

  expect(await list()).toMatchObject({
    status: 502,
    body: { code: 'provider_unexpected', retryable: false, outcome: 'not_applied' },
  });
});
