import { type LoadedFunction, loadFunctions } from '../infra/operations.ts';
import { httpEvent, type TestRequest } from '../test/support/invoke.ts';
import { newMobile, subject } from './subject.ts';

const userid = subject(1);
const mobile = newMobile(1);

const dayMs = 86_400_000;
/** DingTalk tells of the days of a month ago until yesterday, in China. */
const recentDate = new Date(Date.now() - 3 * dayMs).toISOString().slice(0, 10).replaceAll('-', '');

const handoverResource = {
  dingDoc: { action: 'handover', handoverUserId: 'lisi' },
  dingPan: { action: 'handover', handoverUserId: 'lisi' },
};
const termination = {
  optUserId: 'founder',
  lastWorkDate: Date.now(),
  dismissionMemo: 'leaves',
  terminationReasonVoluntary: ['1'],
  dingPanHandoverUserId: 'lisi',
};

/** For operations with a route one request that can be answered right after a reset with a generated member. */
const requests: Record<string, TestRequest> = {
  'cleanup/list-cleanups': {},
  'cleanup/put-roster': {
    path: { provider: 'wecom' },
    headers: { 'content-type': 'text/csv', 'x-row-count': '1' },
    body: 'userid\nlisi\n',
  },
  'dingtalk/create-user': { body: { userid: `new-${userid}`, name: 'Qian Yi', mobile, dept_id_list: [2] } },
  'dingtalk/delete-user': { path: { userid }, body: { handoverResource } },
  'dingtalk/disable-user': { path: { userid: 'sunqi' } }, // an enterprise account, as no generated member is
  'dingtalk/enable-user': { path: { userid: 'sunqi' } },
  'dingtalk/get-user': { path: { userid } },
  'dingtalk/list-departments': {},
  'dingtalk/list-dismissed-users': {},
  'dingtalk/list-inactive-users': { query: `date=${recentDate}` },
  'dingtalk/list-users': { query: 'dept_id=2' },
  'dingtalk/terminate-user': { path: { userid }, body: termination },
  'dingtalk/update-user': { path: { userid }, body: { title: 'Engineer' } },
  'jobs/list-jobs': {},
  'jobs/plan-job': { body: { operation: 'wecom/delete-user', items: [{ userid }] } },
  'offboarding/list-offboardings': {},
  'offboarding/plan-offboarding': { body: { accounts: { wecom: { userid } }, graceDays: 30 } },
  'onboarding/list-onboardings': {},
  'system/doctor': {},
  'system/get-halt': {},
  'system/health': {},
  'system/ledger': { query: `subject=wecom:${userid}` },
  'system/lift-halt': {},
  'system/openapi': {},
  'system/put-halt': { body: { reason: 'we look into something' } },
  'wecom/create-user': {
    body: { userid: `new-${userid}`, name: '钱一', email: `new-${userid}@example.com`, department: [1] },
  },
  'wecom/delete-user': { path: { userid } },
  'wecom/get-user': { path: { userid } },
  'wecom/list-departments': {},
  'wecom/list-users': {},
  'wecom/update-user': { path: { userid }, body: { position: 'Engineer' } },
  'wibiclick/connect-user': { path: { websiteId: '203', userId: userid } },
  'wibiclick/disconnect-user': { path: { websiteId: '201', userId: userid } },
  'wibiclick/list-user-websites': { path: { userId: userid } },
  'wibiclick/list-website-users': { path: { websiteId: '201' } },
  'wibiclick/list-websites': {},
};

/**
 * What is measured: all that can be answered right after a reset, so neither workflows nor what needs a run before. Names
 * what it leaves out for want of a request.
 */
export async function measuredFunctions(): Promise<{ loaded: LoadedFunction; event: object }[]> {
  return (await loadFunctions()).flatMap((loaded) => {
    const event = eventFor(loaded);
    return event ? [{ loaded, event }] : [];
  });
}

function eventFor({ id, operation }: LoadedFunction): object | undefined {
  if ('starts' in operation && operation.starts.length > 0) return undefined;
  if ('schedule' in operation) return {};
  if (!('route' in operation) || operation.route.includes('/{id}')) return undefined;
  const request = requests[id];
  if (!request) process.stderr.write(`bench/requests.ts has no request for ${id}: it is not measured\n`);
  return request && httpEvent(operation.route, request);
}
