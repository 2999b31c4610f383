import { handler as settleIntents } from '../../../functions/cleanup/settle-intents.ts';
import { clock } from '../../../functions/shared/clock.ts';
import { handler as createUser } from '../../../functions/wecom/create-user.ts';
import { handler as deleteUser } from '../../../functions/wecom/delete-user.ts';
import { handler as getUser } from '../../../functions/wecom/get-user.ts';
import { invoke, type Json, lambdaContext } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { simulated } from '../../support/providers.ts';
import { time } from '../../support/time.ts';

const wecom = simulated('wecom');
const log = logLines();
const getPath = '/cgi-bin/user/get';
const lisi = { path: { userid: 'lisi' } };
const read = () => invoke(getUser, lisi);
const answersOnce = (then: Record<string, unknown>) => wecom.faults({ method: 'GET', path: getPath, then });

/** The only line with this message. CloudWatch wants its JSON on one line, with nothing before or after it. */
const lineOf = (wanted: string): Json => {
  const written: Json[] = log
    .text()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const lines = written.filter(({ message }) => message === wanted);
  expect(lines).toHaveLength(1);
  return lines[0];
};

beforeEach(() => {
  process.env.USHER_STAGE = 'test';
});
afterEach(() => {
  delete process.env.USHER_STAGE;
});

const failures: [code: string, route: string, fail: () => Promise<unknown>][] = [
  ['invalid_input', 'GET /wecom/users/{userid}', () => invoke(getUser, { ...lisi, query: 'nobodyKnowsThis=1' })],
  ['not_found', 'GET /wecom/users/{userid}', () => invoke(getUser, { path: { userid: 'nobody' } })],
  ['provider_permission', 'GET /wecom/users/{userid}', () => answersOnce({ errcode: 48002 }).then(read)],
  [
    'not_found',
    'DELETE /wecom/users/{userid}',
    () => invoke(deleteUser, { path: { userid: 'nobody' }, headers: { 'idempotency-key': 'leaver-4711' } }),
  ],
  ['internal', 'GET /wecom/users/{userid}', () => meetBug(read)],
];

/** Nobody foresees a function without its table; the next test has one again. */
function meetBug(request: () => Promise<unknown>): Promise<unknown> {
  delete process.env.USHER_TABLE;
  return request();
}

test.each(failures)('counts %s of %s in the line that ends the request', async (code, route, fail) => {
  const before = clock.now();

  await fail();

  const { _aws: metadata, ...line } = lineOf(route);
  expect(metadata).toEqual({
    Timestamp: expect.any(Number),
    CloudWatchMetrics: [{ Namespace: 'Usher', Dimensions: [['stage']], Metrics: [{ Name: code, Unit: 'Count' }] }],
  });
  expect(line).toMatchObject({ code, stage: 'test', [code]: 1 });
  expect(metadata.Timestamp).toBeGreaterThanOrEqual(before);
  expect(metadata.Timestamp).toBeLessThanOrEqual(clock.now());
});

test('counts no success', async () => {
  await read();

  const line = lineOf('GET /wecom/users/{userid}');
  expect(line.status).toBe(200);
  expect(line).not.toHaveProperty('_aws');
});

test('counts a write whose effect could not be read for a day, and names its account', async () => {
  await wecom.faults(
    { method: 'GET', path: '/cgi-bin/user/delete', then: { drop: 'before' } },
    { path: '/cgi-bin/user/list_id', times: 99, then: { status: 500 } },
  );
  await invoke(deleteUser, lisi);
  time.advance(25 * 3_600_000);

  await settleIntents({}, lambdaContext());

  const line = lineOf('the effect of a write stays unknown');
  expect(line).toMatchObject({ subject: 'wecom:lisi', stage: 'test', effect_unknown: 1 });
  expect(line._aws.CloudWatchMetrics[0].Metrics).toEqual([{ Name: 'effect_unknown', Unit: 'Count' }]);
});

const person = { userid: 'chenbo', name: '陈波', mobile: '13900005555', email: 'chenbo@example.com' };
const create = () => invoke(createUser, { body: person });
const personal = [person.name, person.mobile, person.email];

test.each<[string, () => Promise<unknown>]>([
  ['conflict', () => create().then(create)],
  ['internal', () => meetBug(create)],
])('holds nothing personal when it counts %s', async (code, fail) => {
  await fail();

  expect(log.parsed()).toContainEqual(expect.objectContaining({ [code]: 1 }));
  for (const value of personal) expect(log.text()).not.toContain(value);
});
