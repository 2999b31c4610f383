import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { handler as readLedger } from '../../../functions/system/ledger.ts';
import { invoke } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { onboardings } from '../../support/runs.ts';
import { proxiedLambda } from './lambda-proxy.ts';

const onboarding = onboardings();
const { wecom, dingtalk, wibiclick, lambda } = onboarding;
const proxy = proxiedLambda();
const log = logLines();

const personal = {
  name: '钱一独有',
  alias: 'Qian-Unique',
  mobile: '13912340987',
  email: 'qian.unique@example.com',
  address: '独有路 7 号',
};
const { alias: _alias, address: work_place, ...common } = personal;
const accounts = {
  wecom: { userid: 'qianyi', department: [2], ...personal },
  dingtalk: { userid: 'qianyi', dept_id_list: [2], ...common, work_place },
  wibiclick: { userId: '105', websites: ['201'] },
};
const secrets = ['sandbox-contact', 'sandbox-app', 'sandbox-ding', 'sandbox-wibi'];
const leaksIn = (text: string): string[] =>
  [...Object.values(personal), ...secrets].filter((value) => text.includes(value));

const items = async (): Promise<{ sk: string; text: string }[]> => {
  const client = new DynamoDBClient({});
  const { Items = [] } = await client.send(new ScanCommand({ TableName: process.env.USHER_TABLE ?? '' }));
  client.destroy();
  return Items.map((item) => ({ sk: item.sk?.S ?? '', text: JSON.stringify(item) }));
};
const leakingItems = async () => (await items()).filter(({ text }) => leaksIn(text).length > 0).map(({ sk }) => sk);

/** The ways to an end, each with what the providers do. */
const ways: [string, 'keep' | 'undo', () => Promise<unknown>][] = [
  ['all are made', 'keep', async () => {}],
  [
    'one is refused in words that quote what was sent',
    'keep',
    () =>
      wecom.faults({
        path: '/cgi-bin/user/create',
        then: {
          body: JSON.stringify({ errcode: 60104, errmsg: `mobile ${personal.mobile} of ${personal.name} existed` }),
        },
      }),
  ],
  [
    'one is refused, and the others are taken back',
    'undo',
    () => wibiclick.faults({ path: '/connect-user-to-website', then: { status: 403 } }),
  ],
  [
    'answers are lost',
    'undo',
    async () => {
      await wecom.faults({ path: '/cgi-bin/user/create', then: { drop: 'after' } });
      await dingtalk.faults({ path: '/topapi/v2/user/create', then: { drop: 'before' } });
      await wibiclick.faults({ path: '/connect-user-to-website', then: { status: 403 } });
    },
  ],
];

test.each(ways)('when %s, nothing personal stays or is told anywhere (%s)', async (_, onFailure, disturb) => {
  await disturb();
  const created = await onboarding.create({ accounts, onFailure }, { headers: { 'idempotency-key': 'k-1' } });
  const { id } = created.body;

  const run = await onboarding.toEnd(id);

  expect(['completed', 'needs_attention', 'cancelled']).toContain(run.status);
  expect(leaksIn(JSON.stringify([created, run, await onboarding.list()]))).toEqual([]);
  for (const subject of ['wecom:qianyi', 'dingtalk:qianyi', 'wibiclick:105']) {
    const { body } = await invoke(readLedger, { query: `subject=${subject}` });
    expect(body.items.length).toBeGreaterThan(0);
    expect(leaksIn(JSON.stringify(body))).toEqual([]);
  }
  expect(await leakingItems()).toEqual([]);
  expect(leaksIn(log.text())).toEqual([]);
  const told = ['invoke', 'checkpoint', 'wake'].flatMap((call) => proxy.heard(call as 'invoke'));
  expect(told.length).toBeGreaterThan(3);
  expect(leaksIn(told.join('\n') + JSON.stringify(lambda.executions()))).toEqual([]);
});

test('while it is under way, the request stands in the run itself and nowhere else', async () => {
  await dingtalk.faults({ path: '/topapi/v2/user/create', times: 4, then: { errcode: 90018 } });

  const id = await onboarding.start({ accounts });

  expect((await onboarding.get(id)).status).toBe('running');
  expect(await leakingItems()).toEqual(['run']);
  await onboarding.toEnd(id);
  expect(await leakingItems()).toEqual([]);
});
