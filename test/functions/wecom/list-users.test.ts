import { handler } from '../../../functions/wecom/list-users.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';
import { scriptedServer } from '../../support/scripted-server.ts';

const wecom = simulated('wecom');
const server = scriptedServer();
const listPath = '/cgi-bin/user/list_id';
const list = (query = '') => invoke(handler, { query });
const stored = async () =>
  (await wecom.state()).members.map(({ userid, department }: Json) => ({ userid, department }));

async function listFrom(body: Record<string, unknown>, query = '') {
  await wecom.secret({ baseUrl: server.url });
  server.play({
    '/cgi-bin/gettoken': [{ body: { access_token: 'token', expires_in: 7200 } }],
    [listPath]: [{ body }],
  });
  return list(query);
}

test('gives every member once with all departments, by the contact secret alone', async () => {
  await wecom.secret({ appSecret: undefined });

  expect(await list()).toMatchObject({ status: 200, body: { items: await stored(), cursor: null } });
  expect((await wecom.requests(listPath))[0].body).toEqual({ limit: 100 });
});

test('goes on where the page before ended, and a member in two departments may be on both', async () => {
  const pages = [await list('limit=3')];
  for (let last = pages[0]; last?.body.cursor; last = pages.at(-1)) {
    pages.push(await list(`limit=3&cursor=${last.body.cursor}`));
  }

  expect(pages.map(({ body }) => body.items.length)).toEqual([3, 3, 3]);
  const items = pages.flatMap(({ body }) => body.items);
  expect(items.filter(({ userid }: Json) => userid === 'lisi')).toEqual([
    { userid: 'lisi', department: [2] },
    { userid: 'lisi', department: [5] },
  ]);
  const ids = new Set(items.map(({ userid }: Json) => userid));
  expect([...ids]).toEqual((await stored()).map(({ userid }: Json) => userid));
});

test('the rows of one member become one item, wherever they stand in the page', async () => {
  const answer = await listFrom({
    errcode: 0,
    next_cursor: 'cur-2',
    dept_user: [
      { userid: 'lisi', department: 2 },
      { userid: 'wangwu', department: 3 },
      { userid: 'lisi', department: 5 },
    ],
  });

  expect(answer.body).toEqual({
    items: [
      { userid: 'lisi', department: [2, 5] },
      { userid: 'wangwu', department: [3] },
    ],
    cursor: 'cur-2',
  });
});

test.each([
  ['absent', {}],
  ['null', { next_cursor: null }],
  ['empty', { next_cursor: '' }],
])('a cursor that is %s ends the list', async (_, end) => {
  expect((await listFrom({ errcode: 0, dept_user: [], ...end }, 'cursor=cur-1&limit=1000')).body).toEqual({
    items: [],
    cursor: null,
  });
  expect(server.requests(listPath)[0]?.body).toEqual({ cursor: 'cur-1', limit: 1000 });
});

test('a cursor that WeCom does not know is refused by name', async () => {
  expect(await list('cursor=made-up')).toMatchObject({
    status: 422,
    body: { code: 'provider_rejected', errors: [{ path: 'cursor' }], fix: 'Start again without a cursor.' },
  });
});

test.each(['limit=0', 'limit=1001', 'limit=x', 'cursor=', 'offset=1'])(
  'refuses %s before anything is sent',
  async (query) => {
    expect(await list(query)).toMatchObject({
      status: 400,
      body: { code: 'invalid_input', errors: [{ path: query.split('=')[0] }] },
    });
    expect(await wecom.requests()).toEqual([]);
  },
);

test.each([
  ['no rows', { errcode: 0 }],
  ['a row without a department', { errcode: 0, dept_user: [{ userid: 'lisi' }] }],
  ['a cursor of another type', { errcode: 0, dept_user: [], next_cursor: 7 }],
])('%s is an error, never an empty list', async (_, body) => {
  expect(await listFrom(body)).toMatchObject({ status: 502, body: { code: 'provider_unexpected' } });
});

test('an app secret in the place of the contact secret is a matter of permission', async () => {
  await wecom.secret({ contactSecret: 'sandbox-app' });

  expect(await list()).toMatchObject({ status: 502, body: { code: 'provider_permission' } });
});
