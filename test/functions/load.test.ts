import { setTimeout } from 'node:timers/promises';
import { handler as createDingtalkUser } from '../../functions/dingtalk/create-user.ts';
import { handler as deleteDingtalkUser } from '../../functions/dingtalk/delete-user.ts';
import { handler as getDingtalkUser } from '../../functions/dingtalk/get-user.ts';
import { clock } from '../../functions/shared/clock.ts';
import { database } from '../../functions/shared/store.ts';
import { handler as readLedger } from '../../functions/system/ledger.ts';
import { handler as createWecomUser } from '../../functions/wecom/create-user.ts';
import { handler as deleteWecomUser } from '../../functions/wecom/delete-user.ts';
import { handler as getWecomUser } from '../../functions/wecom/get-user.ts';
import { handler as disconnectUser } from '../../functions/wibiclick/disconnect-user.ts';
import { handler as listUserWebsites } from '../../functions/wibiclick/list-user-websites.ts';
import { invoke, type Json } from '../support/invoke.ts';
import { simulated } from '../support/providers.ts';

/** Those who wait for one another wait for real: time that jumps for each of a thousand would end all deadlines. */
clock.sleep = (ms) => setTimeout(ms);

const providers = { wecom: simulated('wecom'), dingtalk: simulated('dingtalk'), wibiclick: simulated('wibiclick') };
const generated = (index: number) => `member-${String(index + 1).padStart(5, '0')}`;
const inFlight = 100;
/** One process plays all functions, the providers and the store here, which answers late on a slow machine. */
beforeAll(() => {
  const { requestHandler }: Json = database().config;
  for (const timeout of ['connectionTimeout', 'requestTimeout']) {
    requestHandler.updateHttpClientConfig(timeout, 60_000);
  }
});
const many = <Item>(count: number, make: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => make(index));

const created = (count: number) => many(count, (index) => `new-${index}`);
const effects = {
  wecom: {
    created: created(250),
    removed: many(45, generated),
    sentTo: { '/cgi-bin/user/create': 250, '/cgi-bin/user/delete': 45 },
  },
  dingtalk: {
    created: created(150),
    removed: many(45, generated),
    sentTo: { '/topapi/v2/user/create': 150, '/topapi/v2/user/delete': 45 },
  },
};

/** Each gives the answer of one request; the removals of a provider stay within its budget of 50. */
const requests = [
  ...effects.wecom.created.map((userid) => () => {
    return invoke(createWecomUser, { body: { userid, name: '新', email: `${userid}@example.com` } });
  }),
  ...effects.dingtalk.created.map((userid, index) => () => {
    const mobile = String(13_700_000_000 + index);
    return invoke(createDingtalkUser, { body: { userid, name: 'New', mobile, dept_id_list: [2] } });
  }),
  ...effects.wecom.removed.map((userid) => () => invoke(deleteWecomUser, { path: { userid } })),
  ...effects.dingtalk.removed.map((userid) => () => invoke(deleteDingtalkUser, { path: { userid } })),
  () => invoke(disconnectUser, { path: { userId: '101', websiteId: '201' } }),
  ...many(200, (index) => () => invoke(getWecomUser, { path: { userid: generated(100 + index) } })),
  ...many(200, (index) => () => invoke(getDingtalkUser, { path: { userid: generated(100 + index) } })),
  ...many(109, () => () => invoke(listUserWebsites, { path: { userId: '102' } })),
];

test('1,000 requests, 100 at any time: no error, and no effect lost or doubled', async () => {
  for (const { url } of Object.values(providers)) {
    await fetch(`${url}/_sandbox/reset`, { method: 'POST', body: '{"members":300}' });
  }
  expect(requests).toHaveLength(1_000);

  const start = {
    wecom: memberIds(await providers.wecom.state()),
    dingtalk: memberIds(await providers.dingtalk.state()),
  };

  const answers = await inParallel(requests, inFlight);

  expect(new Set(answers.map(({ status, body }) => body.code ?? status))).toEqual(new Set([200]));
  for (const name of ['wecom', 'dingtalk'] as const) {
    const { created, removed, sentTo } = effects[name];
    const provider = providers[name];
    const before = start[name].filter((userid) => !removed.includes(userid));
    expect(memberIds(await provider.state())).toEqual([...before, ...created].sort());
    for (const [path, count] of Object.entries(sentTo)) expect(await provider.requests(path)).toHaveLength(count);
    for (const userid of [...created, ...removed]) {
      const { body } = await invoke(readLedger, { query: `subject=${name}:${userid}` });
      expect(body.items).toMatchObject([{ state: 'succeeded' }]);
    }
  }
  const { links } = await providers.wibiclick.state();
  expect(links).not.toContainEqual({ userId: '101', websiteId: '201' });
});

const memberIds = ({ members }: Json): string[] => members.map(({ userid }: Json) => userid).sort();

async function inParallel<Answer>(requests: (() => Promise<Answer>)[], width: number): Promise<Answer[]> {
  const rest = [...requests];
  const answers: Answer[] = [];
  const work = async () => {
    for (let next = rest.shift(); next; next = rest.shift()) answers.push(await next());
  };
  await Promise.all(many(width, work));
  return answers;
}
