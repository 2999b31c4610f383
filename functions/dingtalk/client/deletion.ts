import type { WriteResult } from '../../shared/settle.ts';
import type { DingtalkApi } from './api.ts';
import { type HandoverResource, handoverUnverified, takersOf } from './handover.ts';
import type { Removal } from './removal.ts';

export interface Deletion {
  userid: string;
  handoverResource?: HandoverResource | undefined;
}

/** A deletion as the operation answers it. */
export type Deleted = ReturnType<typeof deleted>;

/** `user/delete`, page sections 6.1 and 8. */
export const deletion = (api: DingtalkApi, { userid, handoverResource }: Deletion): Removal => ({
  userid,
  takers: takersOf(handoverResource ?? {}).filter(({ action }) => action === 'handover'),
  send: () => {
    const body = { userid, ...(handoverResource && { handoverResource }) };
    return api.legacy('write', '/topapi/v2/user/delete', body);
  },
});

/** What becomes of the handover cannot be known: DingTalk confirms nothing. */
export const deleted = ({ userid, handoverResource }: Deletion, result: WriteResult<'deleted'>) => ({
  provider: 'dingtalk' as const,
  userid,
  ...result,
  ...(handoverResource && { handover: handoverUnverified }),
});
