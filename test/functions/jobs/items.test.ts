import { handler as listJobItems } from '../../../functions/jobs/list-job-items.ts';
import { invoke } from '../../support/invoke.ts';
import { jobs } from '../../support/runs.ts';

const job = jobs();
const rows = ['lisi', 'ghost', 'wangwu', 'nobody', 'zhangsan'].map((userid) => ({ userid }));

async function ended(): Promise<string> {
  const id = await job.begin('wecom/delete-user', rows);
  await job.toEnd(id);
  return id;
}

test('rows are listed by page, in their order', async () => {
  const id = await ended();

  const first = await job.list(id, 'limit=2');
  expect(first.body).toMatchObject({ items: [{ index: 0 }, { index: 1 }], cursor: '2' });
  const second = await job.list(id, 'limit=2&cursor=2');
  expect(second.body).toMatchObject({ items: [{ index: 2 }, { index: 3 }], cursor: '4' });
  expect((await job.list(id, 'limit=2&cursor=4')).body).toMatchObject({ items: [{ index: 4 }], cursor: null });
});

test('those of one status are listed by page too', async () => {
  const id = await ended();

  expect((await job.list(id, 'status=failed&limit=1')).body).toMatchObject({ items: [{ index: 1 }], cursor: '3' });
  expect((await job.list(id, 'status=failed&limit=1&cursor=3')).body).toMatchObject({
    items: [{ index: 3, subject: 'wecom:nobody', error: { code: 'not_found' } }],
    cursor: null,
  });
  expect((await job.list(id, 'status=pending')).body).toEqual({ items: [], cursor: null });
});

test.each([
  ['format=csv', {}],
  ['', { accept: 'text/csv' }],
])('as a CSV file all come at once: %j %j', async (query, headers) => {
  const id = await ended();

  const answer = await invoke(listJobItems, { path: { id }, query, headers });

  expect(answer.headers).toMatchObject({
    'content-type': expect.stringContaining('text/csv'),
    'content-disposition': `attachment; filename="job-${id}.csv"`,
  });
  const [header, ...lines] = answer.body.trimEnd().split('\n');
  expect(header).toBe('index,subject,status,outcome,verified,warnings,code,message,fix');
  expect(lines[0]).toMatch(/^0,wecom:lisi,succeeded,deleted,true,/);
  expect(lines[1]).toMatch(/^1,wecom:ghost,failed,.*,not_found,/);
  expect(lines).toHaveLength(5);
});

test('a CSV file of one status holds those rows only', async () => {
  const id = await ended();

  const { body } = await invoke(listJobItems, { path: { id }, query: 'format=csv&status=failed' });
  expect(body.trimEnd().split('\n')).toHaveLength(3);
});

test.each([
  ['status=gone', 'status'],
  ['format=xml', 'format'],
  ['cursor=x', 'cursor'],
  ['limit=1001', 'limit'],
])('%s is refused', async (query, path) => {
  const id = await ended();
  expect(await job.list(id, query)).toMatchObject({ status: 400, body: { errors: [{ path }] } });
});

test('there are no rows of a job that is not there', async () => {
  const id = '0b8e7c52-6a0f-4c55-9c0b-0a3f7c1f2b1d';
  expect(await job.list(id)).toMatchObject({ status: 404, body: { code: 'not_found' } });
});
