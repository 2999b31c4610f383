import { type Member, statusOf } from './wecom-members.ts';

/** Whom a handover can name: members, and those who have left. */
export interface People {
  find(userid: string): Member | undefined;
  hasLeft(userid: string): boolean;
}

/** What a member has that others can take over. */
export interface Estate {
  /** When the member who has it left, in seconds; undefined while the member serves. */
  leftAt?: number | undefined;
}

export type Clock = () => number;

export const secondsOf = (now: Clock): number => Math.floor(now() / 1000);

export const daySeconds = 86_400;

/** What somebody left behind can be taken over for a year (section 8). */
export const isOpen = ({ leftAt }: Estate, now: Clock): boolean =>
  leftAt !== undefined && secondsOf(now) - leftAt <= 365 * daySeconds;

export const isSame = (userid: string, other: string): boolean => userid.toLowerCase() === other.toLowerCase();

/** Why this member can take nothing over, 0 when nothing stands against it. For a disabled one: not documented. */
export const refusalOfTaker = (taker: Member): number => ({ 4: 41054, 2: 40098 })[statusOf(taker)] ?? 0;

/** An id for each of what members have at the start, with its place among those of the same member. */
export const startIds = (
  form: 'wm' | 'wr',
  counts: Record<string, number>,
): { id: string; owner: string; place: number }[] =>
  Object.entries(counts).flatMap(([owner, count]) =>
    Array.from({ length: count }, (_, index) => ({ id: `${form}_${owner}_${index + 1}`, owner, place: index + 1 })),
  );
