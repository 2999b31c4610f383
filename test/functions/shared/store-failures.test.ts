import { handler as settleIntents } from '../../../functions/cleanup/settle-intents.ts';
import { handler as readLedger } from '../../../functions/system/ledger.ts';
import { handler as createUser } from '../../../functions/wecom/create-user.ts';
import { handler as deleteUser } from '../../../functions/wecom/delete-user.ts';
import { handler as disconnectUser } from '../../../functions/wibiclick/disconnect-user.ts';
import { invoke, lambdaContext } from '../../support/invoke.ts';
import { simulated } from '../../support/providers.ts';
import { proxiedStore } from '../../support/store-proxy.ts';
import { time } from '../../support/time.ts';

const wecom = simulated('wecom');
const wibiclick = simulated('wibiclick');
const store = proxiedStore();
const deletePath = '/cgi-bin/user/delete';

const lisi = { path: { userid: 'lisi' } };
const keyed = { ...lisi, headers: { 'idempotency-key': 'leaver-4711' } };
const entries = async () => (await invoke(readLedger, { query: 'subject=wecom:lisi' })).body.items;

describe('while the store is down', () => {
  test.each([
    ['the intent', lisi, () => true],
    ['the halt', lisi, (call: string) => call === 'GetItem'],
    ['the budget', lisi, (call: string) => call === 'UpdateItem'],
    ['the idempotency record', keyed, () => true],
  ])('a write that cannot reach %s is not sent', async (_, request, which) => {
    store.refuse(which);

    expect(await invoke(deleteUser, request)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
      body: { code: 'store_unavailable', outcome: 'not_applied', retryable: true },
    });
    expect(await wecom.requests()).toEqual([]);
  });

  test('that a write could not pass the halt leaves it free for the next one', async () => {
    store.refuse((call) => call === 'GetItem');
    await invoke(deleteUser, lisi);

    store.refuse(() => false);

    expect(await invoke(deleteUser, lisi)).toMatchObject({ status: 200 });
  });
});

describe('when the store goes down after the provider has answered', () => {
  /** The answer of the provider is on its way when the store goes down. */
  const removeAndLoseStore = async (request: object) => {
    await wecom.hold('/cgi-bin/user/list_id');
    const answer = invoke(deleteUser, request);
    await wecom.came('/cgi-bin/user/list_id');
    store.refuse();
    await wecom.release();
    return answer;
  };

  test.each([
    ['without a key', lisi],
    ['with a key', keyed],
  ])('the answer still arrives, and the ledger is settled later: %s', async (_, request) => {
    expect(await removeAndLoseStore(request)).toMatchObject({ status: 200, body: { outcome: 'deleted' } });
    store.refuse(() => false);
    expect(await entries()).toMatchObject([{ state: 'intended' }]);

    time.advance(120_000);
    expect(await settleIntents({}, lambdaContext())).toMatchObject({ succeeded: 1 });

    expect(await entries()).toMatchObject([{ state: 'succeeded', settledAt: expect.any(String) }]);
    expect(await wecom.requests(deletePath)).toHaveLength(1);
  });

  test('an entry that was written before the lock could be given back stays as it is', async () => {
    store.refuse((call) => call === 'DeleteItem');
    expect(await invoke(deleteUser, lisi)).toMatchObject({ status: 200 });
    store.refuse(() => false);
    await fetch(`${wecom.url}/_sandbox/reset`, { method: 'POST', body: '{}' }); // somebody brings the member back

    time.advance(120_000);
    await settleIntents({}, lambdaContext());

    expect(await entries()).toMatchObject([{ state: 'succeeded', provider: { code: '0' } }]);
    expect(await invoke(deleteUser, lisi)).toMatchObject({ status: 200 });
  });
});

test.each(['PutItem', 'GetItem', 'UpdateItem', 'DeleteItem'])(
  'a lost answer to %s is not noticed by the caller',
  async (call) => {
    store.loseAnswer(call);

    expect(await invoke(deleteUser, lisi)).toMatchObject({ status: 200 });
    expect(await entries()).toMatchObject([{ state: 'succeeded' }]);
  },
);

describe('a write with a warm token', () => {
  const member = (userid: string) => ({ userid, name: '新', email: `${userid}@example.com` });

  test.each<[string, (headers: Record<string, string>, again: boolean) => Promise<{ status: number }>]>([
    ['a creation', (headers, again) => invoke(createUser, { body: member(again ? 'chenbo' : 'chenyi'), headers })],
    ['a removal', (headers, again) => invoke(deleteUser, { path: { userid: again ? 'lisi' : 'wangwu' }, headers })],
    [
      'a disconnection',
      (headers, again) =>
        invoke(disconnectUser, { path: { userId: again ? '102' : '101', websiteId: '201' }, headers }),
    ],
  ])('%s makes at most 5 calls to the store, 7 with a key', async (_, write) => {
    await write({}, false);
    store.takeCalls();

    expect((await write({}, true)).status).toBe(200);
    expect(store.takeCalls().length).toBeLessThanOrEqual(5);

    for (const provider of [wecom, wibiclick]) await fetch(`${provider.url}/_sandbox/reset`, { method: 'POST' });
    expect((await write({ 'idempotency-key': 'once' }, true)).status).toBe(200);
    expect(store.takeCalls().length).toBeLessThanOrEqual(7);
  });
});
