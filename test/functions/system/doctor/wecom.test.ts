import { closedServer } from '../../dingtalk/support.ts';
import { always, finds, hostThatReplies, wecom } from './support.ts';

const onIds = (then: Record<string, unknown>) => wecom.faults(always('POST', '/cgi-bin/user/list_id', then));
const onDepartments = (then: Record<string, unknown>) =>
  wecom.faults(always('GET', '/cgi-bin/department/simplelist', then));

const credentials = 'provider_credentials';
const permission = 'provider_permission';
const unexpected = 'provider_unexpected';
const unavailable = 'provider_unavailable';

finds('wecom', 'error', [
  {
    is: 'a secret that is no JSON',
    seed: () => wecom.putSecret('corpId=ww'),
    code: credentials,
    what: ['secret', 'not what Usher expects'],
    fix: 'usher/test/wecom',
  },
  {
    is: 'a secret without a key',
    seed: () => wecom.secret({ contactSecret: undefined }),
    code: credentials,
    what: ['secret: contactSecret is missing'],
    fix: 'contactSecret in usher/test/wecom',
  },
  {
    is: 'a key of another type',
    seed: () => wecom.secret({ corpId: 7 }),
    code: credentials,
    what: ['secret: corpId is malformed'],
    fix: 'corpId in usher/test/wecom',
  },
  {
    is: 'a base URL without TLS',
    seed: () => wecom.secret({ baseUrl: 'http://qyapi.example.com' }),
    code: credentials,
    what: ['secret: baseUrl is malformed: must be an absolute https URL'],
    fix: 'baseUrl in usher/test/wecom',
  },
  {
    is: 'a wrong contactSecret',
    seed: () => wecom.secret({ contactSecret: 'wrong' }),
    code: credentials,
    what: ['contactSecret', '40001'],
    fix: '通讯录同步',
  },
  {
    is: 'a wrong appSecret',
    seed: () => wecom.secret({ appSecret: 'wrong' }),
    code: credentials,
    what: ['appSecret', '40001'],
    fix: '应用管理',
  },
  {
    is: 'another corp',
    seed: () => wecom.secret({ corpId: 'wwother' }),
    code: credentials,
    what: ['contactSecret', '40013'],
    fix: 'corpId',
  },
  {
    is: 'the secret of an app as contactSecret',
    seed: () => wecom.secret({ contactSecret: 'sandbox-app' }),
    code: permission,
    what: ['contactSecret', '48002'],
    fix: 'contactSecret must be the secret of 管理工具 → 通讯录同步',
  },
  {
    is: 'contactSecret as appSecret',
    seed: () => wecom.secret({ appSecret: 'sandbox-contact' }),
    code: permission,
    what: ['appSecret', '48009'],
    fix: 'the secret of a self-built app',
  },
  {
    is: 'an app that may not call customer contact',
    seed: () => wecom.secret({ customerContactSecret: 'sandbox-app' }),
    code: permission,
    what: ['customerContactSecret', '48002'],
    fix: '客户联系 → 可调用接口的应用',
  },
  {
    is: 'an app that sees no department',
    seed: () => onDepartments({ errcode: 0 }),
    code: permission,
    what: ['appSecret', 'sees no department'],
    fix: '可见范围',
  },
  {
    is: 'an address that contact sync does not trust',
    seed: () => onIds({ errcode: 60020 }),
    code: 'provider_ip_refused',
    what: ['contactSecret', '60020'],
    fix: 'Add 127.0.0.1 to the trusted addresses (企业可信IP) of the credential; it takes about a minute. Console: 管理工具 → 通讯录同步',
  },
  {
    is: 'an address that the app does not trust',
    seed: () => onDepartments({ errcode: 60020 }),
    code: 'provider_ip_refused',
    what: ['appSecret', '60020'],
    fix: 'Console: 应用管理',
  },
  {
    is: 'a ban of the address',
    seed: () => wecom.faults(always('GET', '/cgi-bin/gettoken', { errcode: 45009 })),
    code: 'provider_rate_limited',
    what: ['contactSecret', '45009'],
    fix: 'what else calls',
  },
  {
    is: 'HTML of another host',
    seed: () => onIds({ body: '<html></html>' }),
    code: unexpected,
    what: ['contactSecret', 'HTML'],
    fix: 'base URL',
  },
  {
    is: 'a redirect',
    seed: async () => wecom.secret(await hostThatReplies({ status: 302, headers: { location: '/' } })),
    code: unexpected,
    what: ['contactSecret', 'redirect'],
    fix: 'base URL',
  },
  {
    is: 'JSON of another host',
    seed: async () => wecom.secret(await hostThatReplies({ body: { ok: true } })),
    code: unexpected,
    what: ['contactSecret', 'not as documented at access_token'],
    fix: 'base URL',
  },
  {
    is: 'a port where nobody listens',
    seed: async () => wecom.secret({ baseUrl: await closedServer() }),
    code: unavailable,
    what: ['contactSecret', 'ECONNREFUSED'],
    fix: 'Nothing listens',
  },
  {
    is: 'a host without TLS',
    seed: () => wecom.secret({ baseUrl: wecom.url.replace('http:', 'https:') }),
    code: unavailable,
    what: ['contactSecret', 'the connection failed'],
    fix: 'TLS',
  },
  {
    is: 'a name that does not exist',
    seed: () => wecom.secret({ baseUrl: 'https://usher.invalid' }),
    code: unavailable,
    what: ['contactSecret', 'the connection failed'],
    fix: 'cannot be resolved',
  },
  ...[
    { is: 'a clock an hour behind', aheadMs: -3_600_000, word: 'before' },
    { is: 'a clock two minutes ahead', aheadMs: 120_000, word: 'after' },
  ].map(({ is, aheadMs, word }) => ({
    is,
    seed: async () => {
      const headers = { date: new Date(Date.now() + aheadMs).toUTCString() };
      return wecom.secret(await hostThatReplies({ headers, body: { errcode: 40013 } }));
    },
    code: unexpected,
    what: ['clock: ', ` s ${word} our time`],
    fix: 'time server',
  })),
]);

finds('wecom', 'warning', [
  {
    is: 'the placeholder of a secret',
    seed: () => wecom.putSecret('{}'),
    code: credentials,
    what: ['secret: wecom is not configured'],
    fix: 'usher/test/wecom',
  },
  {
    is: 'a secret without appSecret',
    seed: () => wecom.secret({ appSecret: undefined }),
    code: credentials,
    what: ['secret: appSecret is missing; without it GET /wecom/users/{userid}'],
    fix: 'add appSecret',
  },
  {
    is: 'a secret without customerContactSecret',
    seed: () => wecom.secret({}),
    code: credentials,
    what: ['secret: customerContactSecret is missing; without it', 'handed over'],
    fix: 'add customerContactSecret',
  },
]);
