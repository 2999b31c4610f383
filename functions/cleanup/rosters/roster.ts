import * as z from 'zod/mini';
import { userid as dingtalkUserid } from '../../dingtalk/client/user.ts';
import { documented } from '../../shared/schema.ts';
import { userid as wecomUserid } from '../../wecom/client/member.ts';
import { userId } from '../../wibiclick/client/types.ts';

/** What an id looks like, by provider. */
export const rosterIds = { wecom: wecomUserid, dingtalk: dingtalkUserid, wibiclick: userId };

export const rosterProvider = z.enum(['wecom', 'dingtalk', 'wibiclick']);
export type RosterProvider = z.infer<typeof rosterProvider>;

/** An id as it is compared: WeCom ignores case. */
export const comparable = (provider: RosterProvider, id: string): string =>
  provider === 'wecom' ? id.toLowerCase() : id;

/** How a roster came here. */
export interface Upload {
  rows: number;
  /** Epoch milliseconds. */
  uploadedAt: number;
  uploadedBy: string;
}

/** What is told of a roster: everything but its ids. */
export const rosterAnswer = z.object({
  provider: rosterProvider,
  rows: z.int(),
  uploadedAt: z.string(),
  uploadedBy: documented(z.string(), { description: 'The caller of the upload' }),
});

export const toRosterAnswer = (
  provider: RosterProvider,
  { rows, uploadedAt, uploadedBy }: Upload,
): z.infer<typeof rosterAnswer> => ({ provider, rows, uploadedAt: new Date(uploadedAt).toISOString(), uploadedBy });
