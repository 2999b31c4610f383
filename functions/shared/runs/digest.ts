import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** SHA-256, in lower-case hex, of the canonical JSON (RFC 8785) of everything that a plan stands on. */
export const digestOf = (ingredients: object): string =>
  createHash('sha256')
    .update(canonicalize(ingredients) ?? '')
    .digest('hex');
