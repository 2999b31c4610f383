import { OperationError } from '../../shared/errors.ts';
import { type ErrorTable, refusalError, rows } from '../../shared/provider-errors.ts';

const console = {
  contactSync: '管理工具 → 通讯录同步',
  apps: '应用管理',
};

/** WeCom's codes by what the caller can do, page section 10. */
export const errorTable: ErrorTable = {
  ...rows([40014, 42001, 40001], {
    code: 'provider_credentials',
    tokenRejected: true,
    fix: `WeCom refused a secret, or a new token too: check that each secret in the secret of wecom is current and of this corp (console: ${console.contactSync}, ${console.apps}).`,
  }),
  ...rows([40013, 40082, 40091, 41002, 41004, 41024, 42009, 45031, 50003], {
    code: 'provider_credentials',
    fix: `Check corpId and the secrets in the secret of wecom (console: ${console.contactSync}, ${console.apps}).`,
  }),
  ...rows([-1, 6000, 45035, 81026, 302005, 302008], { code: 'provider_unavailable', retries: 3 }),
  ...rows([45033, 45036], { code: 'provider_rate_limited', retries: 3, retryAfter: 1 }),
  45009: { code: 'provider_rate_limited', retryAfter: 60, pausesCredential: true },
  ...rows([60111, 46004, 60136, 60146, 60147, 60148], {
    code: 'not_found',
    field: 'userid',
    fix: 'Check the id, and that the member is within the visible scope (可见范围) of the app whose secret is used.',
  }),
  60102: { code: 'conflict', field: 'userid' },
  60104: { code: 'conflict', field: 'mobile' },
  ...rows([60106, 60142], { code: 'conflict', field: 'email' }),
  ...rows([60143, 60145], { code: 'conflict', field: 'biz_mail' }),
  60270: { code: 'conflict', field: 'biz_mail_alias' },
  60008: { code: 'conflict' },
  40003: { code: 'provider_rejected', field: 'userid' },
  60103: { code: 'provider_rejected', field: 'mobile' },
  60105: { code: 'provider_rejected', field: 'email' },
  60144: { code: 'provider_rejected', field: 'biz_mail' },
  ...rows([60269, 60271, 60272, 60273], { code: 'provider_rejected', field: 'biz_mail_alias' }),
  60112: { code: 'provider_rejected', field: 'name' },
  ...rows([60110, 40066, 41019, 60003, 60123, 60127, 81001], { code: 'provider_rejected', field: 'department' }),
  60132: { code: 'provider_rejected', field: 'is_leader_in_dept' },
  60257: { code: 'provider_rejected', field: 'direct_leader' },
  41036: { code: 'provider_rejected', field: 'external_profile.external_corp_name' },
  301012: { code: 'provider_rejected', field: 'position' },
  301013: { code: 'provider_rejected', field: 'telephone' },
  301015: { code: 'provider_rejected', field: 'avatar_mediaid' },
  301036: { code: 'provider_rejected', field: 'new_userid' },
  ...rows([50100, 60268], { code: 'provider_rejected', field: 'cursor', fix: 'Start again without a cursor.' }),
  ...rows(
    [
      40007, 40031, 40032, 40033, 40035, 40058, 40063, 40088, 40089, 40092, 40145, 40206, 41009, 45026, 45029, 60001,
      60004, 60005, 60006, 60007, 60009, 60010, 60107, 60124, 60125, 60129, 60141, 60150, 60151, 60152, 60274, 81002,
      81012, 81013, 81017, 90100, 90101, 90102, 90103, 90104, 90105, 90106, 301014, 301021, 302003, 302004, 302006,
      302007,
    ],
    { code: 'provider_rejected' },
  ),
  ...rows([48001, 48004, 48005, 48006, 48008, 48010, 48011, 50002, 50006, 60011, 60021, 60030, 60031, 301002, 301007], {
    code: 'provider_permission',
    fix: `Check the permission and the visible scope of the credential (console: ${console.contactSync}, ${console.apps}).`,
  }),
  48002: {
    code: 'provider_permission',
    fix: `contactSecret must be the secret of ${console.contactSync} with the permission to edit; appSecret that of a self-built app.`,
  },
  48009: {
    code: 'provider_permission',
    fix: 'WeCom refuses member details to contact sync from new addresses: add appSecret, the secret of a self-built app that sees the member.',
  },
  60020: { code: 'provider_ip_refused' },
  301005: {
    code: 'needs_human',
    fix: 'The creator of the corp cannot be deleted: hand the corp over in the console first.',
  },
  45024: {
    code: 'needs_human',
    fix: 'The account cap of the corp is reached: verify the corp or buy seats in the console.',
  },
  60275: { code: 'needs_human', fix: 'This kind of member is managed in the console only.' },
  ...rows([40099, 610023, 610024], { code: 'needs_human', fix: 'A customer cap is reached: choose another taker.' }),
  // Those of page section 8, where WeCom refuses a whole transfer by them.
  ...rows([40097, 90500], {
    code: 'conflict',
    fix: 'Only who has left can be taken over from: delete the member first. Soon after that, try again later.',
  }),
  ...rows([40100, 40129, 90504, 90507, 90508], { code: 'conflict', fix: 'The transfer is under way or done already.' }),
  ...rows([40098, 40132, 40143, 40205, 41054, 84074], {
    code: 'needs_human',
    fix: 'Choose another taker: one who is verified, has activated WeCom and has the right to contact customers (客户联系).',
  }),
  ...rows([90502, 90503, 90510], { code: 'needs_human', fix: 'This group can be handed over in the console only.' }),
  40130: { code: 'provider_rejected', fix: 'Choose another taker than the member who left.' },
  ...rows([40096, 40128, 40131, 84061, 90501, 90509], { code: 'provider_rejected' }),
  41001: { code: 'provider_unexpected' },
};

/**
 * Whether a refused delete means that the member is gone (page section 5.4). 40003 says so because the userid was
 * checked here and the call is a GET; 60111 and 46004 because contact sync sees the whole corp.
 */
export const saysAbsent = (refusal: OperationError): boolean =>
  ['60111', '46004', '40003'].includes(refusal.options.provider?.code ?? '');

const unknownFix = 'Check the id: contact sync sees the whole corp, and this member is not in it.';

/** What was refused to contact sync because there is no such member. */
export const unknownToCorp = (refusal: OperationError): OperationError =>
  refusal.with({ code: 'not_found', fix: unknownFix });

/** The same without asking: the id list names the whole corp. */
export const notListed = (userid: string): OperationError =>
  new OperationError('not_found', `the id list of the corp does not name ${userid}`, {
    provider: { name: 'wecom' },
    errors: [{ path: 'userid', message: 'is not in the id list of the corp' }],
    fix: unknownFix,
  });

/** Whether WeCom refused to delete somebody; of a batch it does not say whom (page section 5.5). */
export const refusesMember = ({ code, options }: OperationError): boolean =>
  ['conflict', 'needs_human', 'not_found', 'provider_rejected'].includes(code) && !options.nothingSent;

/** Whether a list must be read again from its start (page section 5.6). */
export const saysCursorLost = (error: unknown): boolean =>
  error instanceof OperationError && ['50100', '60268'].includes(error.options.provider?.code ?? '');

/** Whether WeCom refused something in the request, so that it may have written other things before. */
export const leavesPartOpen = ({ code, options }: OperationError): boolean =>
  ['conflict', 'provider_rejected', 'needs_human', 'provider_unavailable'].includes(code) &&
  options.provider?.code !== undefined &&
  !options.nothingSent;

/**
 * A WeCom refusal as our error. WeCom appends a hint id, the caller's address and a link to its text: the id is kept
 * for its support, the address for the fix of 60020.
 * @param confidential values that must not come back in the text
 */
export function wecomError(errcode: number, errmsg: string, confidential: string[]): OperationError {
  const [message = ''] = errmsg.split(/,? ?hint:/);
  const requestId = /hint: \[(\w+)\]/.exec(errmsg)?.[1];
  const address = /from ip: ([\d.a-f:]+)/.exec(errmsg)?.[1];
  const row = errorTable[errcode];
  const error = refusalError(row, {
    provider: 'wecom',
    code: String(errcode),
    message,
    sent: confidential,
    ...(requestId && { requestId }),
  });
  if (row?.code !== 'provider_ip_refused') return error;
  return error.with({
    fix: `Add ${address ?? 'our outbound address'} to the trusted addresses (企业可信IP) of the credential; it takes about a minute.`,
  });
}
