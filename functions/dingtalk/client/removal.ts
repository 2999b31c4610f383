import { OperationError } from '../../shared/errors.ts';
import { protectedAccount } from '../../shared/fence.ts';
import { type AlreadySo, lostAnswer, settle, verify, type WriteResult } from '../../shared/settle.ts';
import { withoutEffect } from '../../shared/transport.ts';
import type { DingtalkApi } from './api.ts';
import { asAbsence, findUser, isTrue, readUser } from './read-user.ts';
import type { WireUser } from './types.ts';

const provider = 'dingtalk';

/** An account that shall be taken away, by one call or another. */
export interface Removal {
  userid: string;
  /** Who must exist before anything is sent, and the field that names them. */
  takers: Taker[];
  send(): Promise<Record<string, unknown>>;
}

interface Taker {
  path: string;
  userid: string;
}

/** A removal that was sent, and what is known of it. */
export interface Sent {
  /** Null when it was lost. */
  response: Record<string, unknown> | null;
  warnings: string[];
  /** Reading has shown already that the account is gone. */
  verified: boolean;
}

export type Absence = AlreadySo<'already_gone'>;

/**
 * Takes an account away and reads back that it is gone. `already_gone` when DingTalk does not know it.
 * @throws OperationError `protected`, or `provider_rejected` when a taker does not exist; nothing was sent then
 */
export async function remove(api: DingtalkApi, removal: Removal): Promise<WriteResult<'deleted'> | Absence> {
  const { userid, takers } = removal;
  const user = await findRemovable(api, userid);
  if (user instanceof OperationError) return { outcome: 'already_gone', refusal: user };
  await requireTakers(takers, (taker) => objectionTo(api, taker));
  const sent = await sendRemoval(api, removal);
  if (sent instanceof OperationError) return { outcome: 'already_gone', refusal: sent };
  return confirmed(sent, () => isGone(api, userid));
}

/**
 * Looks before an account is taken away.
 * @returns the account, or the refusal `not_found`
 * @throws OperationError `protected`
 */
export async function findRemovable(api: DingtalkApi, userid: string): Promise<WireUser | OperationError> {
  const user = await readUser(api, userid).catch(asAbsence);
  if (user instanceof OperationError) return user;
  const why = protectionOf(user, await api.operatorUserid());
  if (why) throw protectedAccount(provider, userid, why);
  return user;
}

/** @returns why somebody cannot take over, if anything is against it */
export const objectionTo = async (api: DingtalkApi, taker: string): Promise<string | undefined> =>
  (await isGone(api, taker)) ? 'does not exist in DingTalk' : undefined;

/**
 * The code for an unknown receiver is not documented, and a removal cannot be repeated with a better one.
 * @throws OperationError `provider_rejected` with every taker against whom there is an objection
 */
export async function requireTakers(
  takers: Taker[],
  objection: (userid: string) => Promise<string | undefined>,
): Promise<void> {
  const userids = [...new Set(takers.map(({ userid }) => userid))];
  const asked = userids.map(async (userid) => [userid, await objection(userid)] as const);
  const objections = new Map(await Promise.all(asked).catch((error) => Promise.reject(withoutEffect(error))));
  const errors = takers.flatMap(({ path, userid }) => {
    const against = objections.get(userid);
    return against === undefined ? [] : [{ path, message: `${userid} ${against}` }];
  });
  if (errors.length === 0) return;
  throw new OperationError('provider_rejected', 'somebody cannot take over; nobody was deleted', {
    provider: { name: provider },
    errors,
  });
}

/**
 * Sends the removal of an account that was seen a moment ago, and never again before the account was read.
 * @returns what is known of it, or the refusal `not_found`
 */
export async function sendRemoval(api: DingtalkApi, { userid, send }: Removal): Promise<Sent | OperationError> {
  const gone = () => isGone(api, userid);
  const { answer, ambiguous } = await settle({ send: () => send().catch(asAbsence), isApplied: gone });
  if (!answer) return { response: null, warnings: lostAnswer, verified: true };
  if (!(answer instanceof OperationError)) return { response: answer, warnings: [], verified: false };
  if (ambiguous || answer.options.repeated) return { response: null, warnings: lostAnswer, verified: false };
  // The account went meanwhile, or is unknown to HR only.
  if (await gone()) return answer;
  throw answer;
}

/** @throws OperationError `verification_failed` */
export async function confirmed(
  { response, warnings, verified }: Sent,
  isApplied: () => Promise<boolean>,
): Promise<WriteResult<'deleted'>> {
  const verification = verified ? { verified } : await verify(provider, isApplied);
  return { outcome: 'deleted', ...verification, response, warnings };
}

export const isGone = async (api: DingtalkApi, userid: string): Promise<boolean> =>
  (await findUser(api, userid)) === undefined;

function protectionOf({ userid, admin, boss }: WireUser, operatorUserid: string | undefined): string | undefined {
  if (isTrue(admin)) return 'DingTalk lists it as an administrator';
  if (isTrue(boss)) return 'DingTalk lists it as a boss';
  return userid === operatorUserid ? 'it is the operator of the secret' : undefined;
}
