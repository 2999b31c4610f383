const digits = (number: number): string => String(number).padStart(5, '0');

/** One of the members that a simulator generates when it is reset. */
export const subject = (number: number): string => `member-${digits(number)}`;

/** A mobile number that nobody has yet. */
export const newMobile = (number: number): string => `137555${digits(number)}`;
