import { handler } from '../../../functions/wecom/list-departments.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';

const wecom = simulated('wecom');
const listPath = '/cgi-bin/department/simplelist';
const list = (query = '') => invoke(handler, { query });
const byId = (departments: Json[]) => departments.toSorted((a, b) => a.id - b.id);

test('gives id, parent and order of every department, by the contact secret alone', async () => {
  await wecom.secret({ appSecret: undefined });

  const answer = await list();

  const { departments } = await wecom.state();
  const expected = departments.map(({ id, parentid, order }: Json) => ({ id, parentid, order }));
  expect(answer).toMatchObject({ status: 200, body: { cursor: null } });
  expect(byId(answer.body.items)).toEqual(byId(expected));
  expect((await wecom.requests(listPath))[0].query).toEqual({ access_token: expect.any(String) });
});

test('gives them out in pages', async () => {
  const { items: all } = (await list()).body;
  const first = await list('limit=4');
  const second = await list(`limit=4&cursor=${first.body.cursor}`);

  expect(first.body).toEqual({ items: all.slice(0, 4), cursor: '4' });
  expect(second.body).toEqual({ items: all.slice(4), cursor: null });
});

test.each(['limit=0', 'limit=1001', 'cursor=next', 'id=2'])('refuses %s before anything is sent', async (query) => {
  expect(await list(query)).toMatchObject({
    status: 400,
    body: { code: 'invalid_input', errors: [{ path: query.split('=')[0] }] },
  });
  expect(await wecom.requests()).toEqual([]);
});

test.each([
  ['the shape of department/list', '{"errcode":0,"department":[]}'],
  ['an id of another type', '{"errcode":0,"department_id":[{"id":"2","parentid":1,"order":1}]}'],
  ['truncated JSON', '{"errcode":0,"department_id":['],
])('%s is an error, never an empty list', async (_, body) => {
  await wecom.faults({ method: 'GET', path: listPath, then: { body } });

  expect(await list()).toMatchObject({ status: 502, body: { code: 'provider_unexpected' } });
});

test('a read is repeated after a failure', async () => {
  await wecom.faults({ method: 'GET', path: listPath, times: 2, then: { drop: 'before' } });

  expect(await list()).toMatchObject({ status: 200 });
});
