import { OperationError } from '../../shared/errors.ts';
import { parseAs } from '../../shared/transport.ts';
import type { DingtalkApi } from './api.ts';
import { type WireUser, wireUser } from './types.ts';

/** `user/get`, page section 6.2. @throws OperationError `not_found` */
export async function readUser(api: DingtalkApi, userid: string): Promise<WireUser> {
  const { result } = await api.legacy('read', '/topapi/v2/user/get', { userid });
  return parseAs('dingtalk', wireUser, result);
}

/** @returns undefined when there is no such user */
export async function findUser(api: DingtalkApi, userid: string): Promise<WireUser | undefined> {
  const user = await readUser(api, userid).catch(asAbsence);
  return user instanceof OperationError ? undefined : user;
}

/** Lets only the refusal through that says that there is no such user. */
export function asAbsence(error: unknown): OperationError {
  if (error instanceof OperationError && error.code === 'not_found') return error;
  throw error;
}

/** The samples of DingTalk show flags as text (page section 6.2). */
export const isTrue = (flag: unknown): boolean => String(flag) === 'true';
