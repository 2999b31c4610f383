import { startScript } from '../../support/scripted-server.ts';

export const tokenPath = '/v1.0/oauth2/accessToken';
export const legacyTokenPath = '/gettoken';
export const getPath = '/topapi/v2/user/get';
export const deletePath = '/topapi/v2/user/delete';

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

/** Lets an attempt time out after `ms` of real time instead of 8 s. */
export function shortAttempts(ms: number): void {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  const spy = import.meta.jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(ms));
  restore.push(() => spy.mockRestore());
}

const restore: (() => void)[] = [];
afterEach(() => {
  for (const undo of restore.splice(0)) undo();
});

/** An address where nobody listens. */
export async function closedServer(): Promise<string> {
  const server = await startScript([]);
  await server.close();
  return server.url;
}
