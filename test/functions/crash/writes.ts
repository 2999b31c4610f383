import type { Json, TestRequest } from '../../support/invoke.ts';
import type { ProviderName } from '../../support/providers.ts';

export interface SampleWrite {
  provider: ProviderName;
  /** One that takes effect on the start state of the simulator. */
  request: TestRequest;
  /** The account in the ledger. */
  subject: string;
  /** The path of the provider's call that has the effect. */
  sentTo: string;
  /** Whether the simulator holds the effect. */
  isDone(state: Json): boolean;
  /** No read of the provider shows the effect. */
  isUnreadable?: true;
  /** The status of the same request once more, when the first one took effect. */
  again: number;
}

const memberOf = ({ members }: Json, userid: string): Json => members.find((member: Json) => member.userid === userid);
const isLinked = ({ links }: Json, userId: string, websiteId: string): boolean =>
  links.some((link: Json) => link.userId === userId && link.websiteId === websiteId);

const termination = {
  optUserId: 'founder',
  lastWorkDate: 1_790_000_000_000,
  dismissionMemo: 'left',
  terminationReasonVoluntary: ['1'],
  dingPanHandoverUserId: 'lisi',
};

/** A request for every operation with an effect, by its id. */
export const writes: Record<string, SampleWrite> = {
  'wecom/create-user': {
    provider: 'wecom',
    request: { body: { userid: 'QianYi', name: '钱一', email: 'qianyi@example.com', department: [2] } },
    subject: 'wecom:qianyi',
    sentTo: '/cgi-bin/user/create',
    isDone: (state) => memberOf(state, 'QianYi') !== undefined,
    again: 409,
  },
  'wecom/delete-user': {
    provider: 'wecom',
    request: { path: { userid: 'lisi' } },
    subject: 'wecom:lisi',
    sentTo: '/cgi-bin/user/delete',
    isDone: (state) => memberOf(state, 'lisi') === undefined,
    again: 404,
  },
  'wecom/update-user': {
    provider: 'wecom',
    request: { path: { userid: 'lisi' }, body: { position: 'Tester' } },
    subject: 'wecom:lisi',
    sentTo: '/cgi-bin/user/update',
    isDone: (state) => memberOf(state, 'lisi').position === 'Tester',
    again: 200,
  },
  'dingtalk/create-user': {
    provider: 'dingtalk',
    request: { body: { userid: 'qianyi', name: 'Qian Yi', mobile: '13900005555', dept_id_list: [2] } },
    subject: 'dingtalk:qianyi',
    sentTo: '/topapi/v2/user/create',
    isDone: (state) => memberOf(state, 'qianyi') !== undefined,
    again: 409,
  },
  'dingtalk/delete-user': {
    provider: 'dingtalk',
    request: {
      path: { userid: 'wangwu' },
      body: { handoverResource: { dingDoc: { action: 'handover', handoverUserId: 'lisi' } } },
    },
    subject: 'dingtalk:wangwu',
    sentTo: '/topapi/v2/user/delete',
    isDone: (state) => memberOf(state, 'wangwu') === undefined,
    again: 404,
  },
  'dingtalk/disable-user': {
    provider: 'dingtalk',
    request: { path: { userid: 'sunqi' } },
    subject: 'dingtalk:sunqi',
    sentTo: '/v1.0/contact/orgAccounts/disable',
    isDone: (state) => memberOf(state, 'sunqi').disabled,
    isUnreadable: true,
    again: 200,
  },
  'dingtalk/terminate-user': {
    provider: 'dingtalk',
    request: { path: { userid: 'wangwu' }, body: termination },
    subject: 'dingtalk:wangwu',
    sentTo: '/v1.0/hrm/processes/terminateAndHandOver',
    isDone: (state) => memberOf(state, 'wangwu') === undefined,
    again: 404,
  },
  'dingtalk/update-user': {
    provider: 'dingtalk',
    request: { path: { userid: 'lisi' }, body: { title: 'Tester' } },
    subject: 'dingtalk:lisi',
    sentTo: '/topapi/v2/user/update',
    isDone: (state) => memberOf(state, 'lisi').title === 'Tester',
    again: 200,
  },
  'wibiclick/connect-user': {
    provider: 'wibiclick',
    request: { path: { userId: '103', websiteId: '201' } },
    subject: 'wibiclick:103',
    sentTo: '/connect-user-to-website',
    isDone: (state) => isLinked(state, '103', '201'),
    again: 200,
  },
  'wibiclick/disconnect-user': {
    provider: 'wibiclick',
    request: { path: { userId: '101', websiteId: '202' } },
    subject: 'wibiclick:101',
    sentTo: '/disconnect-user-from-website',
    isDone: (state) => !isLinked(state, '101', '202'),
    again: 404,
  },
};

/** Operations that do what another one does here, by the same calls. */
export const coveredBy: Record<string, string> = {
  'dingtalk/enable-user': 'dingtalk/disable-user',
};
