/** One of the members that a simulator generates when it is reset. */
export const subject = (number: number): string => `member-${String(number).padStart(5, '0')}`;
