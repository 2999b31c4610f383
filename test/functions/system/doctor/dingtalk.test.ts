import { banBody, wrapped } from '../../dingtalk/support.ts';
import { always, dingtalk, finds, hostThatReplies } from './support.ts';

const onDepartments = (then: Record<string, unknown>) =>
  dingtalk.faults(always('POST', '/topapi/v2/department/listsub', then));
const departments = 'the app reads departments';

finds('dingtalk', 'error', [
  {
    is: 'a wrong appSecret',
    seed: () => dingtalk.secret({ appSecret: 'wrong' }),
    code: 'provider_credentials',
    what: [departments, 'invalidClientIdOrSecret'],
    fix: 'appKey and appSecret',
  },
  {
    is: 'an operator who does not exist',
    seed: () => dingtalk.secret({ operatorUserid: 'nobody' }),
    code: 'not_found',
    what: ['operatorUserid', '33012'],
    fix: 'into operatorUserid',
  },
  {
    is: 'a missing permission point',
    seed: () => onDepartments({ errcode: 60011 }),
    code: 'provider_permission',
    what: [departments, '60011'],
    fix: 'Grant qyapi_get_department_list',
  },
  {
    is: 'an address that is not listed',
    seed: () => onDepartments({ errcode: 60020 }),
    code: 'provider_ip_refused',
    what: [departments, '60020'],
    fix: 'EgressAddress',
  },
  {
    is: 'an address that DingTalk names',
    seed: () => onDepartments({ body: JSON.stringify(wrapped('60020', 'ip 203.0.113.7 refused')) }),
    code: 'provider_ip_refused',
    what: [departments, '60020'],
    fix: 'developer console. It is 203.0.113.7.',
  },
  {
    is: 'a spent quota',
    seed: () => onDepartments({ errcode: 90020 }),
    code: 'provider_quota',
    what: [departments, '90020'],
    fix: 'buy a pack',
  },
  {
    is: 'too many calls',
    seed: () => onDepartments({ errcode: 90018 }),
    code: 'provider_rate_limited',
    what: [departments, '90018'],
    fix: 'what else calls',
  },
  {
    is: 'a banned address',
    seed: () => onDepartments({ body: banBody }),
    code: 'provider_rate_limited',
    what: [departments, 'banned'],
    fix: 'Wait 5 minutes',
  },
  {
    is: 'HTML of another host',
    seed: async () => dingtalk.secret({ apiBaseUrl: (await hostThatReplies({ body: '<html></html>' })).baseUrl }),
    code: 'provider_rate_limited',
    what: [departments, 'banned'],
    fix: 'check baseUrl and apiBaseUrl',
  },
]);

finds('dingtalk', 'warning', [
  {
    is: 'a secret without operatorUserid',
    seed: () => dingtalk.secret({}),
    code: 'provider_credentials',
    what: ['secret: operatorUserid is missing'],
    fix: 'add operatorUserid',
  },
  {
    is: 'no right to read activity',
    seed: () => dingtalk.faults(always('POST', '/topapi/inactive/user/v2/get', { errcode: 60011 })),
    code: 'provider_permission',
    what: ['the app reads activity', 'only GET /dingtalk/inactive-users'],
    fix: 'Grant qyapi_liveness_base',
  },
  {
    is: 'no right to read dismissals',
    seed: () => dingtalk.faults(always('GET', '/v1.0/hrm/employees/dismissions', { errcode: 60011 })),
    code: 'provider_permission',
    what: ['the app reads dismissals', 'only GET /dingtalk/dismissed-users'],
    fix: 'qyapi_hrm_read_user',
  },
]);
