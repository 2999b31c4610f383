import type { ErrorCode } from '../../../../functions/shared/errors.ts';
import { errorTable } from '../../../../functions/wibiclick/client/errors.ts';
import { handler as disconnectUser } from '../../../../functions/wibiclick/disconnect-user.ts';
import { handler as listUserWebsites } from '../../../../functions/wibiclick/list-user-websites.ts';
import { invoke, type TestAnswer } from '../../../support/invoke.ts';
import { logLines } from '../../../support/log-lines.ts';
import { simulated } from '../../../support/providers.ts';
import { type ScriptedReply, startScriptedServer } from '../../../support/scripted-server.ts';
import { time } from '../../../support/time.ts';

const wibiclick = simulated('wibiclick');
const log = logLines();

const apiKey = 'k3y-of-ours';
const confidential = [
  apiKey,
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMDEifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg',
  'thandi.nkosi@example.com',
  '+27 82 000 0101',
  '27820000101',
];
const chatty = (words: string) => `${words}: ${confidential.join(', ')}`;

interface Asked {
  answer: TestAnswer;
  /** How often the call in question was sent. */
  attempts: number;
}

/** Asks a server that has user 101 on website 201, and gives `reply` to every call of `path`. */
async function ask(handler: Parameters<typeof invoke>[0], path: string, reply: ScriptedReply): Promise<Asked> {
  const connected = { body: [{ label: 'Alder', value: '201' }] };
  const server = await startScriptedServer((request) => (request.path === path ? reply : connected));
  await wibiclick.secret({ baseUrl: server.url, apiKey });
  const ids = handler === disconnectUser ? { userId: '101', websiteId: '201' } : { userId: '101' };

  const answer = await invoke(handler, { path: ids });

  await server.close();
  return { answer, attempts: server.seen.filter((request) => request.path === path).length };
}

const write = (reply: ScriptedReply) => ask(disconnectUser, '/disconnect-user-from-website', reply);
const read = (reply: ScriptedReply) => ask(listUserWebsites, '/get-websites-for-user', reply);

interface Row {
  reply: ScriptedReply;
  code: ErrorCode;
  status: number;
  retryable?: boolean;
  field?: string;
  fix?: string;
  reads?: number;
  writes?: number;
}

const says = (status: number, message: string): ScriptedReply => ({ status, body: { message: chatty(message) } });
const text = (status: number, body: string): ScriptedReply => ({ status, body, contentType: 'text/plain' });

const table: Record<string, Row> = {
  unauthorized: { reply: says(401, 'no'), code: 'provider_credentials', status: 502, fix: 'apiKey' },
  forbidden: { reply: says(403, 'no'), code: 'provider_permission', status: 502, fix: 'owner' },
  user_not_found: { reply: says(404, 'User not found'), code: 'not_found', status: 404, field: 'userId' },
  website_not_found: { reply: says(404, 'Website not found'), code: 'not_found', status: 404, field: 'websiteId' },
  endpoint_not_found: { reply: says(404, 'Not Found'), code: 'provider_unexpected', status: 502, fix: 'baseUrl' },
  misconfigured: {
    reply: { status: 200, contentType: 'text/html', body: `<p>${chatty('Welcome')}</p>` },
    code: 'provider_unexpected',
    status: 502,
    fix: 'baseUrl',
  },
  invalid_input: { reply: says(422, 'userId must be a uuid'), code: 'provider_rejected', status: 422 },
  rejected: {
    reply: { status: 200, body: { success: false, error: chatty('last owner') } },
    code: 'provider_rejected',
    status: 422,
  },
  conflict: { reply: says(409, 'busy'), code: 'conflict', status: 409 },
  throttled: {
    reply: says(429, 'slow down'),
    code: 'provider_rate_limited',
    status: 503,
    retryable: true,
    reads: 4,
    writes: 4,
  },
  upstream_error: {
    reply: says(503, 'down'),
    code: 'provider_unavailable',
    status: 503,
    retryable: true,
    reads: 3,
    writes: 3,
  },
};

test('every word of the table has its row here', () => {
  expect(Object.keys(table)).toEqual(Object.keys(errorTable));
});

describe.each(Object.entries(table))('%s', (word, row) => {
  const { reply, code, status, retryable = false, field, fix, reads = 1, writes = 1 } = row;

  test.each([
    ['read', read, reads],
    ['write', write, writes],
  ])(`is ${code} for a %s`, async (_, send, expected) => {
    const { answer, attempts } = await send(reply);

    expect(answer).toMatchObject({ status, body: { code, retryable, outcome: 'not_applied' } });
    expect(answer.body.provider).toMatchObject({ name: 'wibiclick', code: word });
    expect(answer.body.errors?.map(({ path }: { path: string }) => path)).toEqual(field && [field]);
    if (fix) expect(answer.body.fix).toContain(fix);
    expect(attempts).toBe(expected);
    expectNothingConfidential(answer);
  });
});

describe('is known by', () => {
  test.each<[word: string, reply: ScriptedReply]>([
    ['unauthorized', text(401, 'Unauthorized')],
    ['unauthorized', { status: 400, body: { message: 'unauthorized' } }],
    ['unauthorized', { body: { success: false, error: 'Unauthorized' } }],
    ['user_not_found', { status: 400, body: { error: 'USER 101 was not found' } }],
    ['user_not_found', { body: { success: false, message: 'User not found' } }],
    ['user_not_found', text(404, 'User not found')],
    ['user_not_found', { status: 404, body: '"User not found"' }],
    ['website_not_found', { status: 422, body: { message: 'The website with id 201 is not found' } }],
    ['website_not_found', { status: 404, body: { message: 'Website not found for this user' } }],
    ['endpoint_not_found', text(404, 'Not Found')],
    ['endpoint_not_found', { status: 404, body: '' }],
    ['endpoint_not_found', { status: 404, body: { message: 'Route GET:/get-websites-for-user not found' } }],
    ['endpoint_not_found', { status: 404, body: { message: 'Route POST:/disconnect-user-from-website not found' } }],
    ['endpoint_not_found', { status: 404, body: { message: 'Users not found' } }],
    ['endpoint_not_found', { status: 404, contentType: 'text/html', body: '<h1>Website not found</h1>' }],
    ['endpoint_not_found', text(405, 'Method Not Allowed')],
    ['endpoint_not_found', text(501, 'Not Implemented')],
    ['misconfigured', { status: 203, contentType: 'text/html', body: '\n <html></html>' }],
    ['invalid_input', text(400, 'Bad Request')],
    ['invalid_input', text(418, 'a status that the page does not list')],
    ['rejected', { body: { success: false, error: 'a word that the page does not list' } }],
    ['rejected', { body: { success: false } }],
    ['throttled', text(408, 'Request Timeout')],
    ['upstream_error', { status: 500, body: { message: 'User not found' } }],
    ['upstream_error', { status: 502, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' }],
    ['upstream_error', text(504, '')],
  ])('%s: %j', async (word, reply) => {
    const { answer } = await read(reply);

    expect(answer).toMatchObject({ body: { code: errorTable[word]?.code, provider: { code: word } } });
  });
});

describe("the words of the provider's answer", () => {
  test.each<[from: string, expected: string, reply: ScriptedReply]>([
    ['message before error', 'a', { status: 400, body: { error: 'b', message: 'a' } }],
    ['error', 'b', { status: 400, body: { error: 'b' } }],
    ['error when message is no string', 'b', { status: 400, body: { message: { text: 'a' }, error: 'b' } }],
    ['a JSON string', 'c', { status: 400, body: '"c"' }],
    ['plain text', 'd e', text(400, ' d\u0000\ne ')],
    ['the status when there are none', 'HTTP 400', { status: 400, body: {} }],
    ['the status when the body is HTML', 'HTTP 400', { status: 400, body: '<h1>Bad Request</h1>' }],
    ['at most 300 characters', 'so '.repeat(100), text(400, 'so '.repeat(1000))],
  ])('come from %s', async (_, expected, reply) => {
    expect((await read(reply)).answer.body.provider.message).toBe(expected);
  });
});

describe('Retry-After', () => {
  const throttled = (retryAfter: string) => ({ ...text(429, 'slow down'), headers: { 'retry-after': retryAfter } });

  test('is waited for', async () => {
    const { attempts } = await read(throttled('3'));

    expect(attempts).toBe(4);
    expect(time.waits).toEqual([3750, 3750, 3750]);
  });

  test.each([
    ['more than an invocation lasts', '30', '30', 1],
    ['an hour, which is capped', '3600', '60', 1],
    ['a fraction', '0.5', '1', 4],
    ['nonsense', 'soon', '1', 4],
    ['negative', '-7', '1', 4],
  ])('%s is passed on: %s as %s', async (_, given, expected, expectedAttempts) => {
    const { answer, attempts } = await write(throttled(given));

    expect(answer.headers['retry-after']).toBe(expected);
    expect(attempts).toBe(expectedAttempts);
  });
});

test('a success repeats nothing confidential either', async () => {
  let connected = [{ label: 'Alder', value: '201' }];
  const server = await startScriptedServer(({ method }) => {
    if (method === 'GET') return { body: connected };
    connected = [];
    return { body: { message: chatty('done'), token: confidential[1] } };
  });
  await wibiclick.secret({ baseUrl: server.url, apiKey });

  const answer = await invoke(disconnectUser, { path: { userId: '101', websiteId: '201' } });

  await server.close();
  expect(answer.body.response.message).toMatch(/^done: …/);
  expectNothingConfidential(answer);
});

function expectNothingConfidential(answer: TestAnswer): void {
  expect(log.text()).toContain('/wibiclick/');
  for (const value of confidential) {
    expect(JSON.stringify(answer)).not.toContain(value);
    expect(log.text()).not.toContain(value);
  }
}
