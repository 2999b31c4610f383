import * as z from 'zod/mini';
import { answerFormat, CsvDownload, wantsCsv } from '../../../functions/shared/csv-download.ts';
import { writeCsv } from '../../../functions/shared/csv-writer.ts';
import { defineOperation } from '../../../functions/shared/operation.ts';
import { httpEvent, invoke, lambdaContext } from '../../support/invoke.ts';

const csv = { 'content-type': 'text/csv' };

/** Tells what it was given. */
const echo = defineOperation({
  summary: 'Echo',
  route: 'POST /echo',
  effect: 'read',
  providers: {},
  headers: ['x-row-count'],
  csvBody: 'csv',
  maxBodyMiB: 4,
  input: z.strictObject({
    csv: z.optional(z.string()),
    name: z.optional(z.string()),
    'x-row-count': z.optional(z.string()),
  }),
  output: z.looseObject({}),
  run: async (input) => input,
});

/** Has no form but JSON. */
const plain = defineOperation({
  summary: 'Plain',
  route: 'POST /plain',
  effect: 'read',
  providers: {},
  input: z.strictObject({ csv: z.optional(z.string()) }),
  output: z.looseObject({}),
  run: async (input) => input,
});

const download = defineOperation({
  summary: 'Download',
  route: 'GET /download',
  effect: 'read',
  providers: {},
  csvAnswer: true,
  input: z.strictObject({ format: answerFormat }),
  output: z.object({ items: z.array(z.object({ userid: z.string() })) }),
  run: async ({ format }, _clients, { event }) =>
    wantsCsv(event, format)
      ? new CsvDownload('users.csv', writeCsv(['userid'], [{ userid: '张三' }]))
      : { items: [{ userid: '张三' }] },
});

const sendBytes = async (bytes: Buffer, contentType: string) => {
  const event = httpEvent('POST /echo', { body: bytes.toString('base64'), headers: { 'content-type': contentType } });
  const answer = await echo({ ...event, isBase64Encoded: true }, lambdaContext());
  return JSON.parse(answer.body ?? '');
};

describe('a body of text/csv', () => {
  test.each(['text/csv', 'Text/CSV; charset=utf-8', 'text/csv ;header=present'])('is one field: %s', async (type) => {
    const answer = await invoke(echo, { body: 'userid\nlisi', query: 'name=x', headers: { 'content-type': type } });

    expect(answer).toMatchObject({ status: 200, body: { csv: 'userid\nlisi', name: 'x' } });
  });

  test('keeps its byte order mark, in base64 too', async () => {
    expect(await sendBytes(Buffer.from('\uFEFFuserid\n李四'), 'text/csv')).toEqual({ csv: '\uFEFFuserid\n李四' });
  });

  test('may be empty, which the operation then judges', async () => {
    expect((await invoke(echo, { headers: csv })).body).toEqual({ csv: '' });
  });

  test('is refused by an operation that does not take it', async () => {
    const answer = await invoke(plain, { body: 'userid\nlisi', headers: csv });

    expect(answer.body.errors).toEqual([{ path: 'content-type', message: 'must be application/json' }]);
  });

  test.each(['text/plain', 'text/csvx', 'application/csv', ''])('is not %j', async (type) => {
    const answer = await invoke(echo, { body: 'userid', headers: { 'content-type': type } });

    expect(answer.body.errors).toEqual([{ path: 'content-type', message: 'must be text/csv or application/json' }]);
  });

  test.each([
    ['Latin-1', Buffer.from('userid\nm\xFCller', 'latin1')],
    ['UTF-16', Buffer.from('\uFEFFuserid\nlisi', 'utf16le')],
    ['GBK', Buffer.from([0xd5, 0xc5, 0xc8, 0xfd])],
    ['a cut character', Buffer.from('张').subarray(0, 2)],
  ])('is refused in %s, with the fix', async (_, bytes) => {
    expect((await sendBytes(bytes, 'text/csv')).errors).toEqual([
      { path: 'body', message: 'is not UTF-8: save it as CSV UTF-8' },
    ]);
  });

  test.each([
    [4, 200],
    [4.1, 400],
  ])('of %d MiB is answered with %i', async (mib, status) => {
    const answer = await invoke(echo, { body: 'x'.repeat(mib * 1024 * 1024), headers: csv });

    expect(answer.status).toBe(status);
    if (status === 400) expect(answer.body.errors).toEqual([{ path: 'body', message: 'must be at most 4 MiB' }]);
  });
});

describe('a declared header', () => {
  test('is a field of the input', async () => {
    expect((await invoke(echo, { headers: { 'x-row-count': '7' } })).body).toEqual({ 'x-row-count': '7' });
  });

  test('cannot differ from a field of the same name', async () => {
    const answer = await invoke(echo, { query: 'x-row-count=8', headers: { 'x-row-count': '7' } });

    expect(answer.body.errors).toMatchObject([{ path: 'x-row-count' }]);
  });

  test('is the only one that is read', async () => {
    const answer = await invoke(echo, { headers: { name: 'x', csv: 'y', 'x-row-count': '7' } });

    expect(answer.body).toEqual({ 'x-row-count': '7' });
  });
});

describe('an answer of text/csv', () => {
  test.each([
    ['format=csv', {}],
    ['', { accept: 'text/csv' }],
    ['', { accept: 'application/xml, text/csv;q=0.9' }],
    ['format=csv', { accept: 'application/json' }],
  ])('is given for ?%s and %j, as a file to save', async (query, headers) => {
    const answer = await invoke(download, { query, headers });

    expect(answer).toEqual({
      status: 200,
      headers: {
        'content-type': 'text/csv; charset=utf-8',
        'content-disposition': 'attachment; filename="users.csv"',
      },
      body: 'userid\n张三\n',
    });
  });

  test.each([
    ['', {}],
    ['', { accept: '*/*' }],
    ['format=json', { accept: 'text/csv' }],
  ])('is not given for ?%s and %j', async (query, headers) => {
    expect((await invoke(download, { query, headers })).body).toEqual({ items: [{ userid: '张三' }] });
  });
});
