import type { Check, Examination, Finding } from '../../shared/checkup.ts';
import { clock, type Deadline } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { send } from '../../shared/transport.ts';
import { DingtalkApi } from './api.ts';
import { DingtalkDepartments } from './departments.ts';
import { DingtalkLists } from './lists.ts';
import { type DingtalkSecret, dingtalkSecret } from './types.ts';

const rootDepartment = 1;

/** How the doctor examines DingTalk. */
export const dingtalkExamination = (deadline: Deadline): Examination<DingtalkSecret> => ({
  provider: 'dingtalk',
  schema: dingtalkSecret,
  optionalKeys: [
    { key: 'operatorUserid', loses: 'every POST /dingtalk/users/{userid}/termination must name its optUserId' },
  ],
  checks: ({ operatorUserid }, watched) => {
    const api = new DingtalkApi(deadline, watched(send));
    const checks = [...readChecks(api), ...operatorChecks(api, operatorUserid)];
    return checks.map((check) => ({ ...check, credential: 'appSecret', run: () => check.run().catch(withWayOut) }));
  },
  blindSpots: [mayManage, quota],
});

/** One call for each permission point that reading needs. */
const readChecks = (api: DingtalkApi): Omit<Check, 'credential'>[] => [
  { name: 'the app reads departments', run: () => new DingtalkDepartments(api).departmentsIn(rootDepartment) },
  { name: 'the app reads users', run: () => new DingtalkDepartments(api).useridsIn(rootDepartment) },
  {
    name: 'the app reads activity',
    onlyFor: 'GET /dingtalk/inactive-users',
    run: () => new DingtalkLists(api).inactiveUsers(threeDaysAgo(), { limit: 1 }),
  },
  {
    name: 'the app reads dismissals',
    onlyFor: 'GET /dingtalk/dismissed-users',
    run: () => new DingtalkLists(api).dismissedUsers({ limit: 1 }),
  },
];

const operatorChecks = (api: DingtalkApi, operatorUserid?: string): Omit<Check, 'credential'>[] =>
  operatorUserid === undefined
    ? []
    : [
        {
          name: 'operatorUserid is a user',
          run: () => api.legacy('read', '/topapi/v2/user/get', { userid: operatorUserid }).catch(wrongOperator),
        },
      ];

/** `yyyyMMdd` of a day that is complete in every time zone (page section 9.1). */
const threeDaysAgo = (): string =>
  new Date(clock.now() - 3 * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');

const wrongOperator = (error: unknown) => {
  if (!(error instanceof OperationError) || error.code !== 'not_found') throw error;
  throw error.with({ fix: 'Put the userid of a current employee who may terminate others into operatorUserid.' });
};

/** Adds what the doctor's caller cannot see: the address that DingTalk saw, and that another host answers like a ban. */
function withWayOut(error: unknown): never {
  if (!(error instanceof OperationError)) throw error;
  const { code, options } = error;
  if (code === 'provider_ip_refused') {
    const address = /\b\d{1,3}(?:\.\d{1,3}){3}\b/.exec(options.provider?.message ?? '')?.[0];
    const which = address
      ? `It is ${address}.`
      : 'The stack gives it out as EgressAddress, if the setting egress is "fixed".';
    throw error.with({ fix: `${options.fix} ${which}` });
  }
  if (code === 'provider_rate_limited' && options.provider?.code === undefined) {
    const otherHost = 'If it lasts, check baseUrl and apiBaseUrl: the page of another host looks the same.';
    throw error.with({ fix: `${options.fix} ${otherHost}` });
  }
  throw error;
}

const mayManage: Finding = {
  code: 'provider_permission',
  severity: 'warning',
  what: 'the app: whether it may manage users and terminate shows in a write only',
  fix: 'Grant qyapi_manage_addresslist, for terminations Hrm.Process.ReadWrite, and for disabling Contact.OrgAccountSecurity.ReadWrite, in the developer console.',
  verified: 'unverified',
};

/** Page section 5: what is read here is exempt from the quota, so it does not show that the quota is spent. */
const quota: Finding = {
  code: 'provider_quota',
  severity: 'warning',
  what: 'quota: how much of the month is left shows in no call; terminations, disabling and enabling count against it',
  fix: 'If one of them answers provider_quota, buy a pack or wait for the next month.',
  verified: 'unverified',
};
