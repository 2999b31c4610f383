import { readFileSync } from 'node:fs';
import { Deadline } from '../../../../functions/shared/clock.ts';
import type { ErrorCode } from '../../../../functions/shared/errors.ts';
import { WibiclickApi } from '../../../../functions/wibiclick/client/api.ts';
import { disconnectAll } from '../../../../functions/wibiclick/client/disconnect-all.ts';
import { WibiclickClient } from '../../../../functions/wibiclick/client/index.ts';
import { handler } from '../../../../functions/wibiclick/disconnect-user.ts';
import { invoke, type Json } from '../../../support/invoke.ts';
import { logLines } from '../../../support/log-lines.ts';
import { simulated } from '../../../support/providers.ts';
import { type ScriptedReply, startScript } from '../../../support/scripted-server.ts';
import { time } from '../../../support/time.ts';

interface Input {
  operation?: string;
  userId?: Json;
  websiteId?: Json;
}

interface Vector {
  id: string;
  title: string;
  config?: { pageSize?: number };
  input?: Input | undefined;
  inputs?: Input[];
  exchanges: { request: { method: string; path: string; query: Json; body?: Json }; response: ScriptedReply }[];
  expect: Json;
}

/** Our code for each word of the page; it stands in `provider.code` when the provider itself said so. */
const ourCodes: Record<string, { code: ErrorCode; saidByProvider: boolean }> = {
  user_not_found: { code: 'not_found', saidByProvider: true },
  website_not_found: { code: 'not_found', saidByProvider: true },
  unauthorized: { code: 'provider_credentials', saidByProvider: true },
  endpoint_not_found: { code: 'provider_unexpected', saidByProvider: true },
  bad_response: { code: 'provider_unexpected', saidByProvider: false },
  verification_failed: { code: 'verification_failed', saidByProvider: false },
  invalid_input: { code: 'invalid_input', saidByProvider: false },
};

const vectors: Vector[] = JSON.parse(readFileSync(new URL('../../../vectors/wibiclick.json', import.meta.url), 'utf8'));

/**
 * Ids in a path are strings and the page size is no input, so these run against the client. So does connecting: the
 * operation looks up the JSON type of the website id, which a vector simply has. Leaving all websites is no operation.
 */
const needsClient = ({ input, config }: Vector) =>
  typeof input?.userId === 'number' ||
  ['connect', 'disconnectAll'].includes(input?.operation ?? '') ||
  config !== undefined;

/** One link, or all of a user, is what a vector of the client is about. */
const isOfAll = ({ input }: Vector) => input?.operation === 'disconnectAll';

const apiKey = 'test-key-not-real';
const wibiclick = simulated('wibiclick');
const log = logLines();

async function play({ exchanges }: Vector) {
  const server = await startScript(exchanges.map(({ response }) => response));
  await wibiclick.secret({ baseUrl: server.url, apiKey });
  return server;
}

function expectRequests(seen: Json[], { exchanges, expect: { upstreamCalls } }: Vector) {
  expect(seen).toHaveLength(upstreamCalls);
  expect(seen.map(({ method, path, query, body }) => ({ method, path, query, body }))).toEqual(
    exchanges.map(({ request }) => ({ body: undefined, ...request })),
  );
  for (const { method, headers } of seen) {
    expect(headers.authorization).toBe(`Bearer ${apiKey}`);
    if (method === 'POST') expect(headers['content-type']).toBe('application/json');
  }
}

const failure = ({ code: word, retryable }: { code: string; retryable: boolean }) => {
  const { code, saidByProvider } = ourCodes[word] ?? { code: 'none', saidByProvider: true };
  return { code, retryable, ...(saidByProvider && { provider: { name: 'wibiclick', code: word } }) };
};

const success = ({ outcome, warning }: Json) =>
  outcome === 'already_disconnected'
    ? { status: 404, body: { code: 'not_found', retryable: false, outcome: 'not_applied' } }
    : { status: 200, body: { outcome, verified: true, warnings: warning ? [warning] : [] } };

test('every vector of the issue is run', () => {
  const ids = Array.from({ length: 14 }, (_, index) => `WC-${String(index + 1).padStart(2, '0')}`);

  expect(vectors.map(({ id }) => id)).toEqual(ids);
});

describe('through the handler', () => {
  const cases = vectors
    .filter((vector) => !needsClient(vector))
    .flatMap((vector) => (vector.inputs ?? [vector.input]).map((input) => ({ ...vector, input })));

  test.each(cases)('$id $title', async (vector) => {
    const server = await play(vector);
    const { userId, websiteId } = vector.input ?? {};

    // In the body, so that what is missing is missing and a number is a number.
    const answer = await invoke(handler, { body: { userId, websiteId } });

    await server.close();
    expect(answer).toMatchObject(vector.expect.ok ? success(vector.expect) : { body: failure(vector.expect.error) });
    expectRequests(server.seen, vector);
    for (const secret of [apiKey, ...(vector.expect.mustNotContain ?? [])]) {
      expect(JSON.stringify(answer)).not.toContain(secret);
      expect(log.text()).not.toContain(secret);
    }
  });
});

describe('through the client', () => {
  const clientOf = ({ config }: Vector) =>
    new WibiclickClient(new WibiclickApi(new Deadline(25_000)), config?.pageSize);

  test.each(vectors.filter((vector) => needsClient(vector) && !isOfAll(vector)))('$id $title', async (vector) => {
    const server = await play(vector);
    const client = clientOf(vector);

    const { operation, userId, websiteId } = vector.input ?? {};
    const result = await client[operation === 'connect' ? 'connect' : 'disconnect']({ userId, websiteId });

    await server.close();
    expect(result).toMatchObject({ outcome: vector.expect.outcome, verified: true, warnings: [] });
    expectRequests(server.seen, vector);
  });

  test.each(vectors.filter(isOfAll))('$id $title', async (vector) => {
    const server = await play(vector);
    const client = clientOf(vector);
    const { userId } = vector.input ?? {};

    const websites = await client.websitesOf(userId);
    const outcomes = await disconnectAll(client, { userId, websites }, (_website, send) => send());

    await server.close();
    expect(outcomes).toEqual(vector.expect.websites);
    expectRequests(server.seen, vector);
    const throttled = vector.exchanges.filter(({ response }) => response.status === 429);
    expect(throttled).toHaveLength(1);
    expect(time.waits).toHaveLength(throttled.length);
    expect(Math.min(...time.waits)).toBeGreaterThanOrEqual(1_000);
  });
});
