import { Deadline } from '../../../../functions/shared/clock.ts';
import { OperationError } from '../../../../functions/shared/errors.ts';
import { type Disconnection, disconnectAll } from '../../../../functions/wibiclick/client/disconnect-all.ts';
import { wibiclick as connect } from '../../../../functions/wibiclick/client/index.ts';
import type { Website } from '../../../../functions/wibiclick/client/types.ts';
import { logLines } from '../../../support/log-lines.ts';
import { simulated } from '../../../support/providers.ts';

const simulator = simulated('wibiclick');
logLines();

const userId = '104'; // connected to 202 and 204, whose ids are numbers
const listPath = '/get-websites-for-user';
const disconnectPath = '/disconnect-user-from-website';

const client = () => connect(new Deadline(25_000));
const unrecorded: Parameters<typeof disconnectAll>[2] = (_website, send) => send();
const leave = async (record = unrecorded) => {
  const websites = await client().websitesOf(userId);
  return disconnectAll(client(), { userId, websites }, record);
};
const sentIds = async (): Promise<unknown[]> =>
  (await simulator.requests(disconnectPath)).map(({ body }) => body.websiteId);
const linksOf = async (): Promise<string[]> =>
  (await simulator.state()).links.flatMap((link: { userId: string; websiteId: string }) =>
    link.userId === userId ? [link.websiteId] : [],
  );
const codesOf = (outcomes: Record<string, Disconnection>) =>
  Object.fromEntries(
    Object.entries(outcomes).map(([id, outcome]) => [id, outcome instanceof OperationError ? outcome.code : outcome]),
  );

test('disconnects from each website with one call, and reads the list once at the end', async () => {
  expect(await leave()).toEqual({ 202: 'disconnected', 204: 'disconnected' });

  expect(await linksOf()).toEqual([]);
  expect((await simulator.requests()).map(({ path }) => path)).toEqual([
    listPath,
    disconnectPath,
    disconnectPath,
    listPath,
  ]);
});

test('each website id goes back in the JSON type of the list', async () => {
  await client().connect({ userId, websiteId: '201' });

  await leave();

  expect(await sentIds()).toEqual(['201', 202, 204]);
});

test('nothing is sent, and the list is read all the same, when there is no website', async () => {
  expect(await disconnectAll(client(), { userId, websites: [] }, unrecorded)).toEqual({});

  expect((await simulator.requests()).map(({ path }) => path)).toEqual([listPath]);
});

test('a website that is refused does not keep the others, and is not sent again', async () => {
  await simulator.faults({ path: disconnectPath, then: { errcode: 'Forbidden' } });

  const outcomes = await leave();

  expect(codesOf(outcomes)).toEqual({ 202: 'provider_rejected', 204: 'disconnected' });
  expect(outcomes[202]).toMatchObject({ outcome: 'not_applied' });
  expect(await sentIds()).toEqual([202, 204]);
  expect(await linksOf()).toEqual(['202']);
});

test('a website that is refused and gone all the same counts as disconnected', async () => {
  const websites = await client().websitesOf(userId);
  await client().disconnect({ userId, websiteId: '202' });

  const outcomes = await disconnectAll(client(), { userId, websites }, unrecorded);

  expect(outcomes).toEqual({ 202: 'disconnected', 204: 'disconnected' });
});

test('one that was accepted and is still listed is sent once more', async () => {
  await simulator.faults({ path: disconnectPath, then: { errcode: 0 } });

  expect(await leave()).toEqual({ 202: 'disconnected', 204: 'disconnected' });

  expect(await sentIds()).toEqual([202, 204, 202]);
  expect(await linksOf()).toEqual([]);
});

test('one that was accepted twice and is still listed ends as verification_failed', async () => {
  const [first] = await client().websitesOf(userId);
  await simulator.faults({ path: disconnectPath, times: 10, then: { errcode: 0 } });

  const outcomes = await disconnectAll(client(), { userId, websites: first ? [first] : [] }, unrecorded);

  expect(codesOf(outcomes)).toEqual({ 202: 'verification_failed' });
  expect(await sentIds()).toEqual([202, 202]);
});

test.each([
  ['after it took effect: it is found by reading, and not sent again', 'after' as const, [202, 204]],
  ['before it took effect: it is sent again', 'before' as const, [202, 202, 204]],
])('an answer lost %s', async (_, drop, sent) => {
  await simulator.faults({ path: disconnectPath, then: { drop } });

  expect(await leave()).toEqual({ 202: 'disconnected', 204: 'disconnected' });

  expect(await sentIds()).toEqual(sent);
  expect(await linksOf()).toEqual([]);
});

test('a website whose effect is unknown keeps no other, and is told by the list at the end', async () => {
  const websites = await client().websitesOf(userId);
  await simulator.faults(
    { path: disconnectPath, then: { drop: 'after' } },
    { method: 'GET', path: listPath, times: 3, then: { status: 500 } },
  );
  const seen: unknown[] = [];

  const outcomes = await disconnectAll(client(), { userId, websites }, async (_website, send) => {
    await send().then(
      () => seen.push('sent'),
      (error: OperationError) => {
        seen.push(`${error.code} ${error.outcome}`);
        throw error;
      },
    );
  });

  expect(seen).toEqual(['provider_timeout unknown', 'sent']);
  expect(outcomes).toEqual({ 202: 'disconnected', 204: 'disconnected' });
  expect(await sentIds()).toEqual([202, 204]);
});

test('throws when the list cannot be read at the end, since nobody knows then', async () => {
  const websites = await client().websitesOf(userId);
  await simulator.faults({ method: 'GET', path: listPath, times: 3, then: { body: '{"data":[]}' } });

  await expect(disconnectAll(client(), { userId, websites }, unrecorded)).rejects.toMatchObject({
    code: 'provider_unexpected',
  });
});

describe('what stands around every write', () => {
  test('is told the website, and gets what became of it, before the next one begins', async () => {
    const seen: unknown[] = [];

    await leave(async ({ id }, send) => {
      seen.push(['begins', id]);
      const { outcome, verified } = await send();
      seen.push([outcome, verified, id]);
    });

    expect(seen).toEqual([
      ['begins', 202],
      ['disconnected', 'unverified', 202],
      ['begins', 204],
      ['disconnected', 'unverified', 204],
    ]);
  });

  test('stands around the second attempt too', async () => {
    await simulator.faults({ path: disconnectPath, then: { errcode: 0 } });
    const seen: unknown[] = [];

    await leave(async ({ id }, send) => {
      seen.push([id, (await send()).verified]);
    });

    expect(seen).toEqual([
      [202, 'unverified'],
      [204, 'unverified'],
      [202, true],
    ]);
  });

  test('keeps a website by throwing, and only that one', async () => {
    const locked = new OperationError('locked', 'another write is open');

    const outcomes = await leave(async ({ id }, send) => {
      if (id === 202) throw locked;
      return send();
    });

    expect(outcomes).toEqual({ 202: locked, 204: 'disconnected' });
    expect(await sentIds()).toEqual([204]);
  });

  test('may do without sending, as for a write that the ledger knows', async () => {
    const left: Website[] = [{ id: '999', name: 'gone before' }];

    const outcomes = await disconnectAll(client(), { userId, websites: left }, async () => ({ outcome: 'earlier' }));

    expect(outcomes).toEqual({ 999: 'disconnected' });
    expect(await sentIds()).toEqual([]);
  });

  test('its bugs are not taken for refusals', async () => {
    const bug = () => Promise.reject(new TypeError('a bug'));

    await expect(leave(bug)).rejects.toThrow('a bug');
  });
});
