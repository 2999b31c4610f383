/** A generated member of a simulator, from 1 on. */
export const member = (index: number): string => `member-${String(index).padStart(5, '0')}`;

export const members = (from: number, to: number): { userid: string }[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ userid: member(from + index) }));
