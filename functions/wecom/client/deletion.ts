import { OperationError } from '../../shared/errors.ts';
import { lostAnswer, settle, verify, type WriteResult } from '../../shared/settle.ts';
import type { WecomApi } from './api.ts';
import { refusesMember, saysAbsent, unknownToCorp } from './errors.ts';
import type { Envelope } from './types.ts';
import { parseWarnings } from './warnings.ts';

/** What came of a deletion as far as WeCom said it; `verified` where reading has shown it already. */
export type Said = Pick<WriteResult<'deleted'>, 'response' | 'warnings'> & { verified?: true };

/** No answer that counts, and the member is gone. */
export const foundGone: Said = { verified: true, response: null, warnings: lostAnswer };

/**
 * `user/delete`, page section 5.4: a GET that changes state, so never repeated before the directory was read. It
 * deletes the member's corporate mailbox too.
 * @returns the refusal when there was no such member before
 */
export async function deleteOne(
  api: WecomApi,
  userid: string,
  isGone: () => Promise<boolean>,
): Promise<Said | OperationError> {
  const { answer, ambiguous } = await settle({ send: () => sendDelete(api, userid), isApplied: isGone });
  if (!answer) return foundGone;
  if (!(answer instanceof OperationError)) return saidYes(answer);
  return ambiguous || answer.options.repeated ? { response: null, warnings: lostAnswer } : answer;
}

/**
 * `user/batchdelete`, page section 5.5: sends up to 200, who share one answer.
 * @throws OperationError with `outcome: "unknown"` for a refusal too: whether it deleted some is documented nowhere
 */
export async function deleteTogether(api: WecomApi, useridlist: string[]): Promise<Said> {
  try {
    const path = '/cgi-bin/user/batchdelete';
    return saidYes(await api.call('contactSecret', { method: 'POST', path, kind: 'write', body: { useridlist } }));
  } catch (error) {
    throw error instanceof OperationError && refusesMember(error) ? error.with({ outcome: 'unknown' }) : error;
  }
}

/** @throws OperationError `verification_failed` when WeCom said yes and the member is there */
export async function confirmDeleted(
  { verified, ...said }: Said,
  isGone: () => Promise<boolean>,
): Promise<WriteResult<'deleted'>> {
  const verification = verified ? { verified } : await verify('wecom', isGone);
  return { outcome: 'deleted', ...verification, ...said };
}

const saidYes = (response: Envelope): Said => ({ response, warnings: parseWarnings(response) });

/** That the member is gone is an answer here, not a failure. */
async function sendDelete(api: WecomApi, userid: string): Promise<Envelope | OperationError> {
  try {
    const path = '/cgi-bin/user/delete';
    return await api.call('contactSecret', { method: 'GET', path, kind: 'write', query: { userid } });
  } catch (error) {
    if (error instanceof OperationError && saysAbsent(error)) return unknownToCorp(error);
    throw error;
  }
}
