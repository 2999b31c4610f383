import { handler as listOffboardings } from '../../../functions/offboarding/list-offboardings.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { dayMs, offboardings } from '../../support/runs.ts';
import { everywhere, inMs, onlyDingtalk, onlyWecom, onlyWibiclick } from './support.ts';

const offboarding = offboardings();
const { wecom, dingtalk, wibiclick } = offboarding;
logLines();

const termination = { via: 'terminate', lastWorkDate: 1_800_000_000_000, dismissionMemo: 'left' };

interface BadInput {
  what: string;
  body: () => unknown;
  path: string;
}

const refused: BadInput[] = [
  { what: 'no accounts', body: () => ({}), path: 'accounts' },
  { what: 'no account', body: () => ({ accounts: {} }), path: 'accounts' },
  { what: 'an unknown provider', body: () => ({ accounts: { slack: { userid: 'lisi' } } }), path: 'accounts.slack' },
  { what: 'an account without its id', body: () => ({ accounts: { wecom: {} } }), path: 'accounts.wecom.userid' },
  {
    what: 'an id that is no text',
    body: () => ({ accounts: { wibiclick: { userId: 101 } } }),
    path: 'accounts.wibiclick.userId',
  },
  {
    what: 'an unknown field of an account',
    body: () => ({ accounts: { wecom: { userid: 'lisi', name: '李四' } } }),
    path: 'accounts.wecom.name',
  },
  {
    what: 'an empty list of websites',
    body: () => ({ accounts: { wibiclick: { userId: '101', websites: [] } } }),
    path: 'accounts.wibiclick.websites',
  },
  { what: 'an unknown field', body: () => ({ ...onlyWecom, force: true }), path: 'force' },
  {
    what: 'a grace of an account that does not leave',
    body: () => ({ ...onlyWecom, graceDays: { wecom: 1, dingtalk: 3 } }),
    path: 'graceDays.dingtalk',
  },
  {
    what: 'a termination in the name of the leaver',
    body: () => ({
      ...onlyDingtalk,
      handover: { dingtalk: { ...termination, terminationReasonVoluntary: ['1'], optUserId: 'sunqi' } },
    }),
    path: 'handover.dingtalk.optUserId',
  },

  {
    what: 'a taker who is the leaver',
    body: () => ({ ...onlyWecom, handover: { wecom: { takeoverUserid: 'lisi' } } }),
    path: 'handover.wecom.takeoverUserid',
  },
  {
    what: 'a taker who is the leaver in other letters',
    body: () => ({ ...onlyWecom, handover: { wecom: { takeoverUserid: 'LiSi' } } }),
    path: 'handover.wecom.takeoverUserid',
  },
  {
    what: 'a second taker who is the leaver',
    body: () => ({ ...onlyWecom, handover: { wecom: { takeoverUserid: 'wangwu', fallbackUserid: 'lisi' } } }),
    path: 'handover.wecom.fallbackUserid',
  },
  {
    what: 'a second taker who is the first in other letters',
    body: () => ({ ...onlyWecom, handover: { wecom: { takeoverUserid: 'wangwu', fallbackUserid: 'WangWu' } } }),
    path: 'handover.wecom.fallbackUserid',
  },
  {
    what: 'a taker who is the leaver in DingTalk',
    body: () => ({
      ...onlyDingtalk,
      handover: { dingtalk: { dingDoc: { action: 'handover', handoverUserId: 'sunqi' } } },
    }),
    path: 'handover.dingtalk.dingDoc.handoverUserId',
  },
  {
    what: 'a receiver of a termination who is the leaver',
    body: () => ({
      ...onlyDingtalk,
      handover: { dingtalk: { ...termination, terminationReasonVoluntary: ['1'], aflowHandOverUserId: 'sunqi' } },
    }),
    path: 'handover.dingtalk.aflowHandOverUserId',
  },
  {
    what: 'a handover in WeCom without the account',
    body: () => ({ ...onlyDingtalk, handover: { wecom: { takeoverUserid: 'wangwu' } } }),
    path: 'handover.wecom',
  },
  {
    what: 'a handover in DingTalk without the account',
    body: () => ({ ...onlyWecom, handover: { dingtalk: { subordinate: { action: 'skip' } } } }),
    path: 'handover.dingtalk',
  },
  {
    what: 'a handover in WibiClick, which has none',
    body: () => ({ ...onlyWibiclick, handover: { wibiclick: { userId: '102' } } }),
    path: 'handover.wibiclick',
  },
  {
    what: 'a handover without a taker',
    body: () => ({ ...onlyWecom, handover: { wecom: {} } }),
    path: 'handover.wecom.takeoverUserid',
  },
  {
    what: 'a termination without a reason',
    body: () => ({ ...onlyDingtalk, handover: { dingtalk: termination } }),
    path: 'handover.dingtalk.terminationReasonVoluntary',
  },
  {
    what: 'a way of handing over that there is not',
    body: () => ({ ...onlyDingtalk, handover: { dingtalk: { via: 'mail' } } }),
    path: 'handover.dingtalk.via',
  },

  ...(
    [
      ['without a zone', () => '2027-03-26T18:00:00'],
      ['that is no time', () => 'next Friday'],
      ['in an hour that clocks skip', () => '2027-03-28T02:30[Europe/Berlin]'],
      ['in an hour that is there twice', () => '2027-10-31T02:30[Europe/Berlin]'],
      ['on a day that does not exist', () => '2027-02-30T10:00:00Z'],
      ['in the past', () => inMs(-2 * 60_000)],
      ['more than 180 days ahead', () => inMs(181 * dayMs)],
    ] as const
  ).map(([how, effectiveAt]) => ({
    what: `effectiveAt ${how}`,
    body: () => ({ ...onlyWecom, effectiveAt: effectiveAt() }),
    path: 'effectiveAt',
  })),
  {
    what: 'urgent with effectiveAt',
    body: () => ({ ...onlyWecom, urgent: true, effectiveAt: inMs(dayMs) }),
    path: 'effectiveAt',
  },

  ...[-1, 0.5, 181, '30', null].map((graceDays) => ({
    what: `graceDays ${JSON.stringify(graceDays)}`,
    body: () => ({ ...onlyWecom, graceDays }),
    path: 'graceDays',
  })),
  ...[-1, 0.5, 181].map((wecom) => ({
    what: `graceDays ${wecom} of one provider`,
    body: () => ({ ...onlyWecom, graceDays: { wecom } }),
    path: 'graceDays',
  })),
  {
    what: 'graceDays of an unknown provider',
    body: () => ({ ...onlyWecom, graceDays: { slack: 1 } }),
    path: 'graceDays',
  },
  { what: 'no object', body: () => '[]', path: 'body' },
];

const requests = async (): Promise<Json[]> =>
  (await Promise.all([wecom, dingtalk, wibiclick].map((provider) => provider.requests()))).flat();

test.each(refused)('refuses $what, with nothing sent and nothing stored', async ({ body, path }) => {
  const answer = await offboarding.plan(body() as object);

  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input', outcome: 'not_applied' } });
  const paths = answer.body.errors.map((error: Json) => error.path);
  expect(paths.some((given: string) => given === path || given.startsWith(`${path}.`))).toBe(true);
  expect(await requests()).toEqual([]);
  expect((await invoke(listOffboardings)).body).toEqual({ items: [], cursor: null });
});

test.each([
  ['the shortest grace', { graceDays: 0 }],
  ['the longest grace', { graceDays: 180 }],
  ['a grace for each provider', { graceDays: { wecom: 0, dingtalk: 180 } }],
  ['urgent', { urgent: true, graceDays: 3 }],
  ['not urgent, with a time', { urgent: false, effectiveAt: '+1' }],
])('takes %s', async (_, given) => {
  const effectiveAt = 'effectiveAt' in given && { effectiveAt: inMs(179 * dayMs) };

  expect((await offboarding.plan({ ...everywhere, ...given, ...effectiveAt })).status).toBe(201);
});

test('lists what was planned, newest first', async () => {
  const ids: string[] = [];
  for (const body of [onlyWecom, onlyDingtalk, onlyWibiclick]) ids.unshift((await offboarding.plan(body)).body.id);

  const { body: first } = await invoke(listOffboardings, { query: 'limit=2' });
  expect(first.items.map(({ id }: Json) => id)).toEqual(ids.slice(0, 2));
  const { body: second } = await invoke(listOffboardings, { query: `limit=2&cursor=${first.cursor}` });
  expect(second.items.map(({ id }: Json) => id)).toEqual(ids.slice(2));
  expect(second.cursor).toBeNull();
});

test('says of a missing field that it is required', async () => {
  const { body } = await offboarding.plan({ accounts: { wecom: {} } });
  expect(body.errors).toEqual([{ path: 'accounts.wecom.userid', message: 'is required' }]);
});
