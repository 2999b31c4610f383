import * as z from 'zod/mini';
import type { Check, Examination, Finding } from '../../shared/checkup.ts';
import type { Deadline } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import { parseAs, send } from '../../shared/transport.ts';
import { type Call, type CredentialName, WecomApi } from './api.ts';
import { type Envelope, idPage, type WecomSecret, wecomSecret } from './types.ts';

const provider = 'wecom';

/** Where the console keeps each credential with its trusted addresses (page section 2.1). */
const consolePage: Record<CredentialName, string> = {
  contactSecret: '管理工具 → 通讯录同步',
  appSecret: '应用管理 → the app of appSecret',
  customerContactSecret: '应用管理 → the app of customerContactSecret',
};

/** How the doctor examines WeCom. */
export const wecomExamination = (deadline: Deadline): Examination<WecomSecret> => ({
  provider,
  schema: wecomSecret,
  optionalKeys: [
    {
      key: 'appSecret',
      loses: 'GET /wecom/users/{userid} is refused to new addresses, and what an update changed cannot be read back',
    },
    { key: 'customerContactSecret', loses: "a leaver's customers cannot be handed over" },
  ],
  checks: (values, watched) => {
    const api = new WecomApi(deadline, watched(send));
    return credentialChecks(api).filter(({ credential }) => values[credential]);
  },
  blindSpots: [mayEdit],
});

interface CredentialCheck extends Check {
  credential: CredentialName;
}

/** Each call is one that the credential of another kind is refused (page sections 2.1 and 5.6). */
function credentialChecks(api: WecomApi): CredentialCheck[] {
  const check = (credential: CredentialName, does: string, run: (read: Read) => Promise<unknown>) => ({
    credential,
    name: `${credential} ${does}`,
    run: () => run((call) => api.call(credential, { kind: 'read', ...call })).catch(atConsole(credential)),
  });
  return [
    check('contactSecret', 'lists ids', async (read) => {
      parseAs(provider, idPage, await read({ method: 'POST', path: '/cgi-bin/user/list_id', body: { limit: 1 } }));
    }),
    check('appSecret', 'reads details', readDepartment),
    check('customerContactSecret', 'lists customers of leavers', (read) =>
      read({ method: 'POST', path: '/cgi-bin/externalcontact/get_unassigned_list', body: { page_size: 1 } }),
    ),
  ];
}

type Read = (call: Omit<Call, 'kind'>) => Promise<Envelope>;

/** The first department that the app sees; page section 6. */
async function readDepartment(read: Read): Promise<void> {
  const seen = parseAs(provider, departmentIds, await read({ method: 'GET', path: '/cgi-bin/department/simplelist' }));
  const [first] = seen.department_id;
  if (!first) throw seesNothing();
  await read({ method: 'GET', path: '/cgi-bin/department/get', query: { id: String(first.id) } });
}

const departmentIds = z.object({ department_id: z.array(z.object({ id: z.int() })) });

const seesNothing = (): OperationError =>
  new OperationError('provider_permission', 'the app sees no department', {
    fix: `Widen the visible scope (可见范围) of the app (console: ${consolePage.appSecret}).`,
  });

/** Trusted addresses are set for each credential, and customers are a right of their own (page section 2.1). */
const atConsole = (name: CredentialName) => (error: unknown) => {
  if (!(error instanceof OperationError)) throw error;
  const { code, options } = error;
  if (code === 'provider_ip_refused') throw error.with({ fix: `${options.fix} Console: ${consolePage[name]}.` });
  if (code === 'provider_permission' && name === 'customerContactSecret') throw error.with({ fix: listApp });
  throw error;
};

const listApp =
  'customerContactSecret must be the secret of a self-built app that is listed in the console under 客户联系 → 可调用接口的应用.';

const mayEdit: Finding = {
  code: 'provider_permission',
  severity: 'warning',
  what: 'contactSecret: whether it may edit shows in a write only (48002 if not)',
  fix: `Choose the permission to edit (console: ${consolePage.contactSecret}).`,
  verified: 'unverified',
};
