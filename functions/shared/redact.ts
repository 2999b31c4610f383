const personalOrSecret = [
  /[^\s@,;:"'<>[\]()]+@[^\s@,;:"'<>[\]()]+/g, // an e-mail address
  /\+?\d[\d -]{6,}\d/g, // a phone number, or any long number
  /(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{24,}/g, // a token or secret
];
const maxLength = 300;
/** More is not looked at: the patterns need time that grows with the square of a text without spaces. */
const maxRead = 2_000;

/**
 * Makes a provider's text fit to be shown and logged: e-mail addresses, phone numbers, token-like strings and each of
 * `sent` (the values that our request carried) become `…`; control characters go; at most 300 characters stay.
 */
export function redact(text: string, sent: string[] = []): string {
  const known = sent.filter((value) => value.length > 1).sort((a, b) => b.length - a.length);
  const withoutKnown = known.reduce((result, value) => result.replaceAll(value, '…'), text.slice(0, maxRead));
  return personalOrSecret
    .reduce((result, pattern) => result.replace(pattern, '…'), withoutKnown)
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, maxLength);
}

/** Every string that a request carries in its query and body, except the ids, which may be shown. */
export const sentBy = ({ url, body }: { url: URL; body?: unknown }): string[] => [
  ...stringsIn(Object.fromEntries(url.searchParams)),
  ...stringsIn(body),
];

function stringsIn(value: unknown, key = ''): string[] {
  if (typeof value === 'string') return /userid|websiteid|action/i.test(key) ? [] : [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, held]) => stringsIn(held, Array.isArray(value) ? key : name));
}
