import * as z from 'zod/mini';
import { baseUrl, documented } from '../../shared/schema.ts';

const forbiddenHeaders = ['host', 'content-length', 'content-type', 'connection', 'transfer-encoding', 'cookie'];

/** The secret `usher/<stage>/wibiclick`. Which header carries the key is published nowhere (page section 1.3). */
export const wibiclickSecret = z.object({
  baseUrl,
  apiKey: z.string().check(z.regex(/^[\x20-\x7e]+$/, { error: 'must be a key of printable ASCII characters' })),
  authHeader: z._default(
    z.string().check(
      z.regex(/^[\w!#$%&'*+.^`|~-]+$/, { error: 'must be the name of an HTTP header' }),
      z.refine((name) => !forbiddenHeaders.includes(name.toLowerCase()), {
        error: 'must not be a header of the transport',
      }),
    ),
    'Authorization',
  ),
  authScheme: z._default(
    z.string().check(z.regex(/^[\x20-\x7e]*$/, { error: 'must have printable ASCII characters only' })),
    'Bearer',
  ),
});
export type WibiclickSecret = z.infer<typeof wibiclickSecret>;

/** Ids are opaque and keep their JSON type; `String(a) === String(b)` compares them (page section 1.1). */
export type Id = string | number;

const id = z
  .string()
  .check(
    z.regex(/^[^\s\p{Cc}/?#&%]{1,128}$/u, { error: 'must have 1 to 128 characters, without spaces and / ? # & %' }),
  );
export const userId = documented(id, { example: '101' });
export const websiteId = documented(
  id.check(z.refine((value) => value !== 'default', { error: 'must be a real id; "default" stands for none chosen' })),
  { example: '201' },
);

const wireId = z.union([z.string(), z.int()]);
const wireName = z.nullish(z.string());
const names = { label: wireName, name: wireName, url: wireName };
const wireWebsite = z.union([z.object({ value: wireId, ...names }), z.object({ id: wireId, ...names })]);

/** A list of websites in either shape: the web client's bare array or the node page's object (page section 2.3). */
export const websiteList = z.union([
  z.array(wireWebsite),
  z.object({ websites: z.array(wireWebsite), total: z.optional(z.int()) }),
]);

export interface Website {
  id: Id;
  name: string;
}

export function toWebsite(wire: z.infer<typeof wireWebsite>): Website {
  const id = 'value' in wire ? wire.value : wire.id;
  return { id, name: wire.label ?? wire.name ?? wire.url ?? String(id) };
}

/** A website in our own lists. */
export const websiteItem = z.object({ websiteId, name: z.string() });
export const toWebsiteItem = ({ id, name }: Website) => ({ websiteId: String(id), name });

const wireUser = z.object({ id: wireId, firstName: wireName, lastName: wireName, email: wireName });

/** A list of users (page section 2.5). */
export const userList = z.object({ users: z.array(wireUser), total: z.optional(z.int()) });

export interface User {
  id: Id;
  firstName?: string;
  lastName?: string;
  email?: string;
}

export const toUser = ({ id, firstName, lastName, email }: z.infer<typeof wireUser>): User => ({
  id,
  ...(firstName && { firstName }),
  ...(lastName && { lastName }),
  ...(email && { email }),
});
