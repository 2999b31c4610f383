import { getISO } from 'temporal-polyfill/fns/Calendar';
import { fromString } from 'temporal-polyfill/fns/ZonedDateTime';

const withOffset = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;
const withZone = /^\d{4}-\d\d-\d\dT[^[\]]+\[[\w+\-/]+\]$/;

export const momentForms =
  'must be a time with its offset or zone: 2027-03-26T18:00:00+08:00, or 2027-03-26T18:00[Europe/Berlin]';

/**
 * The moment, in epoch milliseconds, that an ISO 8601 time with an offset names, or an RFC 9557 time with a zone. A
 * time that its zone skips or has twice, as clocks change, names none unless it carries the right offset too.
 * @returns undefined when it names no moment
 */
export function momentOf(text: string): number | undefined {
  if (withOffset.test(text)) return isDay(text.slice(0, 10)) ? Date.parse(text) || undefined : undefined;
  if (!withZone.test(text)) return undefined;
  try {
    return fromString(text, getISO, { disambiguation: 'reject', offset: 'reject' }).epochMilliseconds;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Date.parse takes 30 February for 2 March; printing it again gives that away. */
function isDay(date: string): boolean {
  const ms = Date.parse(date);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
}
