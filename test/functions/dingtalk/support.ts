import { clock } from '../../../functions/shared/clock.ts';
import { handler as readLedger } from '../../../functions/system/ledger.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { startScript } from '../../support/scripted-server.ts';

export const tokenPath = '/v1.0/oauth2/accessToken';
export const legacyTokenPath = '/gettoken';
export const getPath = '/topapi/v2/user/get';
export const deletePath = '/topapi/v2/user/delete';
export const createPath = '/topapi/v2/user/create';
export const updatePath = '/topapi/v2/user/update';
export const listidPath = '/topapi/user/listid';
export const listsubPath = '/topapi/v2/department/listsub';
export const listsubidPath = '/topapi/v2/department/listsubid';
export const countPath = '/topapi/user/count';
export const inactivePath = '/topapi/inactive/user/v2/get';
export const disablePath = '/v1.0/contact/orgAccounts/disable';
export const enablePath = '/v1.0/contact/orgAccounts/enable';
export const terminationPath = '/v1.0/hrm/processes/terminateAndHandOver';
export const dismissionsPath = '/v1.0/hrm/employees/dismissions';

/** A token that DingTalk never gave out: it stands for one that ended early. */
export const staleToken = { body: '{"accessToken":"stale","expireIn":7200}' };

/** The ban of the caller's address, page section 5. */
export const banBody = '{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"u-1"}';

/** A legacy refusal as DingTalk wraps it in 88. */
export const wrapped = (code: string, message = 'refused') => ({
  errcode: 88,
  sub_code: code,
  sub_msg: message,
  errmsg: `ding talk error[subcode=${code},submsg=${message}]`,
  request_id: 'rq-wrapped',
});

/** An address where nobody listens. */
export async function closedServer(): Promise<string> {
  const server = await startScript([]);
  await server.close();
  return server.url;
}

/** The day in China so many days from now, as DingTalk writes it. */
export const chinaDate = (days: number): string =>
  new Date(clock.now() + 8 * 3_600_000 + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');

/** What the ledger tells of a user, newest first. */
export const ledgerOf = async (userid: string): Promise<Json[]> =>
  (await invoke(readLedger, { query: `subject=dingtalk:${userid}` })).body.items;
