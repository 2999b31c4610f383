import { clock } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { type ErrorTable, refusalError, rows } from '../../shared/provider-errors.ts';

const busy = { code: 'provider_unavailable', retries: 3 } as const;
const throttled = { code: 'provider_rate_limited', retries: 3, retryAfter: 1 } as const;
const banned = { code: 'provider_rate_limited', retryAfter: 300, pausesCredential: true } as const;
const quotaSpent = {
  code: 'provider_quota',
  fix: 'The monthly quota of the organisation is spent: buy a pack, or wait for the next month.',
} as const;
const credential = {
  code: 'provider_credentials',
  fix: 'Check appKey and appSecret in the secret of dingtalk, and that the app is enabled.',
} as const;
const permission = {
  code: 'provider_permission',
  fix: 'Grant the permission in the developer console of the app, and check its contact scope.',
} as const;
const newApiPath = 'Forbidden.AccessDenied.';

/** Failures within DingTalk: unlike "busy" they do not say that nothing was done. */
const effectUnknown = ['400001', 'systemError', 'system.error', 'unknownError', 'operationTimeout', 'service.timeout'];

/** DingTalk's codes by what the caller can do, page section 10.1: legacy numbers and the new API's words. */
export const errorTable: ErrorTable = {
  ...rows(['40014', '42001', '40001', 'InvalidAuthentication'], {
    code: 'provider_credentials',
    tokenRejected: true,
    fix: 'A new token was refused too: check the app, and that baseUrl and apiBaseUrl belong to the same region.',
  }),
  ...rows(
    [
      '40096',
      '40089',
      '33001',
      '40013',
      '52010',
      '50003',
      '50005',
      '70001',
      'invalidClientIdOrSecret',
      'invalid.client',
      'unauthorized.client',
    ],
    credential,
  ),
  ...rows(
    [
      '41001',
      '40000',
      '43001',
      '43002',
      '43003',
      '43004',
      '43005',
      '43009',
      '44002',
      '47001',
      '22',
      '404',
      'AuthenticationFailed.MissingParameter',
      'InvalidAction.NotFound',
    ],
    { code: 'provider_unexpected', fix: 'Check baseUrl and apiBaseUrl in the secret of dingtalk.' },
  ),
  ...rows(['-1', 'system.busy', ...effectUnknown], busy),
  ...rows(
    [
      '90018',
      '90002',
      '90005',
      '90006',
      '45009',
      `${newApiPath}QpsLimitForAppkeyAndApi`,
      `${newApiPath}QpmLimitForAppkeyAndApi`,
      `${newApiPath}QpsLimitForApi`,
      'invokeFrequentyly',
      'invokeFrequency',
      'qps.exceed.limit',
      'request.overlimit',
    ],
    throttled,
  ),
  ...rows(['90001', '90003', '90004'], banned),
  ...rows(['90020', `${newApiPath}ApiCountLimitForOrg`], quotaSpent),
  ...rows(
    [
      '33012',
      '60121',
      '40003',
      '60111',
      '46004',
      'empNotExists',
      'user.not.exist',
      'staff.not.found',
      'invalidParameter.user.notFound',
    ],
    { code: 'not_found', field: 'userid', fix: 'Check the userid: DingTalk answers the same for a malformed one.' },
  ),
  60003: { code: 'provider_rejected', field: 'dept_id_list' },
  40103: { code: 'needs_human', fix: 'DingTalk has sent an invitation: the person must accept it in the client.' },
  60102: { code: 'conflict', field: 'userid' },
  ...rows(['60104', '60107', '40021'], { code: 'conflict', field: 'mobile' }),
  ...rows(['60106', '40101'], { code: 'conflict', field: 'email' }),
  40100: { code: 'conflict', field: 'telephone' },
  ...rows(['60016', '60021'], { code: 'conflict' }),
  'exclusive.account.only': {
    code: 'conflict',
    fix: 'Only enterprise accounts can be disabled and enabled. Any other keeps its access until it is deleted.',
  },
  ...rows(['40104', '60103'], { code: 'provider_rejected', field: 'mobile' }),
  60105: { code: 'provider_rejected', field: 'email' },
  60112: { code: 'provider_rejected', field: 'name' },
  60128: { code: 'provider_rejected', field: 'manager_userid' },
  ...rows(
    [
      '400002',
      '40035',
      '40031',
      '40032',
      '40038',
      '60123',
      '40063',
      '40064',
      '40065',
      '40066',
      '40068',
      '40069',
      'invalidParameter',
      'invalidParameter.param.invalid',
      'invalid.param',
      'invalidRequest',
      'illegalParam',
      'parameter.error',
      'businessError',
    ],
    { code: 'provider_rejected' },
  ),
  ...rows(
    [
      '60011',
      '50002',
      '50004',
      '43007',
      '48002',
      '48004',
      `${newApiPath}AccessTokenPermissionDenied`,
      'noPermission',
      'suiteCallInvalid',
      'corpNotOpenHrm',
    ],
    permission,
  ),
  ...rows(['60020', `${newApiPath}IpNotInWhiteList`], {
    code: 'provider_ip_refused',
    fix: "Add our outbound address to the app's server egress IP list in the developer console.",
  }),
  ...rows(['40019', '40020', '40023', '40024', '45024'], {
    code: 'needs_human',
    fix: 'A headcount limit is reached: raise it in the admin console.',
  }),
};

/**
 * A DingTalk refusal as our error.
 * @param code the effective code: never 88 itself, which only says "see sub_code" (page section 3)
 */
export function dingtalkError(
  code: string,
  { message, requestId, sent }: { message: string; requestId?: string | undefined; sent: string[] },
): OperationError {
  const error = refusalError(Object.hasOwn(errorTable, code) ? errorTable[code] : undefined, {
    provider: 'dingtalk',
    code,
    message,
    sent,
    ...(requestId && { requestId }),
  });
  if (error.code === 'provider_quota') return error.with({ retryAfter: secondsToNextMonth() });
  if (effectUnknown.includes(code)) return error.with({ outcome: 'unknown' });
  const scopes = scopesIn(message);
  if (error.code !== 'provider_permission' || scopes.length === 0) return error;
  return error.with({ fix: `Grant ${scopes.join(', ')} to the app in the developer console.` });
}

/** The permission points that a text names, but not the host of the console page that it links. */
const scopesIn = (message: string): string[] => [
  ...new Set(message.replace(/https?:\/\/\S+/g, ' ').match(/[A-Za-z]+(?:\.[A-Za-z]+){2,}|qyapi_\w+/g)),
];

/** The ban of the caller's address: HTML, or JSON with `punish`; no code at all (page section 5). */
export const ipBan = (): OperationError =>
  new OperationError('provider_rate_limited', 'dingtalk has banned our address for 5 minutes', {
    ...banned,
    provider: { name: 'dingtalk' },
    fix: 'Wait 5 minutes. The ban follows 10,000 calls in 20 s from one address: see what else calls from it.',
  });

/** Quotas are per calendar month; DingTalk's clock is China's (UTC+8). */
function secondsToNextMonth(): number {
  const offsetMs = 8 * 3_600_000;
  const china = new Date(clock.now() + offsetMs);
  return Math.ceil((Date.UTC(china.getUTCFullYear(), china.getUTCMonth() + 1, 1) - offsetMs - clock.now()) / 1000);
}
