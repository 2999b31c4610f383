import { OperationError } from '../../shared/errors.ts';
import { type Prints, printsOf } from '../../shared/prints.ts';
import { readableFields } from './comparable.ts';
import type { WireMember } from './types.ts';

/** What a member that was read shows of the fields that were sent. */
export interface Reading {
  differing: string[];
  unreadable: string[];
  /** 1 activated, 2 disabled, 4 not activated, 5 left the corp (page section 5.2). */
  status: number | undefined;
}

export function compare(sent: Prints, found: WireMember, printKey: string): Reading {
  const readable = printsOf(printKey, readableFields(found));
  const names = Object.keys(sent);
  return {
    differing: names.filter((name) => name in readable && readable[name] !== sent[name]),
    unreadable: names.filter((name) => !(name in readable)),
    status: found.status,
  };
}

/**
 * Whether WeCom kept the mobile although another was sent: it does so without a word once the member has activated
 * WeCom (page section 4). A disabled member may have done so, only one that never has is sure to change.
 */
export const keptMobile = ({ differing, unreadable, status }: Reading): boolean =>
  differing.includes('mobile') ? status !== 4 : status === 1 && unreadable.includes('mobile');

/**
 * Whether an update took effect, a kept mobile aside.
 * @throws OperationError when a field that nobody can read leaves it open
 */
export function showsUpdate(reading: Reading): boolean {
  const { differing, unreadable } = reading;
  if (differing.some((name) => name !== 'mobile' || !keptMobile(reading))) return false;
  if (unreadable.length === 0) return true;
  throw new OperationError('provider_permission', `our credential cannot read ${unreadable.join(', ')}`, {
    unprovable: true,
    provider: { name: 'wecom' },
    fix: 'Check these fields in the console. WeCom gives some to no app that was created after June 2022.',
  });
}

/** Whether nothing of what was sent is there. */
export const showsNothing = ({ differing, unreadable }: Reading, sent: Prints): boolean =>
  unreadable.length === 0 && differing.length === Object.keys(sent).length;
