import type { ProviderAnswer, ProviderCall, ResetOptions, SimulatedProvider } from './simulator.ts';

// Section numbers are those of providers/wibiclick.md. What it leaves open is decided here and says so.

type Id = string | number;

interface User {
  id: string;
  firstName: string;
  lastName: string;
  email: string;
  phone: string;
  country: string;
  lifetime: boolean;
  payments: number;
  createdAt: string;
  /** Ids of the websites the user is connected to, as strings whatever their JSON type is. */
  websites: Set<string>;
}

interface Website {
  id: Id;
  url: string;
  name: string;
}

interface Link {
  userId: string;
  websiteId: string;
}

interface Endpoint {
  method: 'GET' | 'POST';
  answer(call: ProviderCall): ProviderAnswer;
}

type Guards<T> = { [K in keyof T]: (value: unknown) => value is T[K] };
type PageQuery = { limit: string | undefined; offset: string | undefined };
type IdQuery = PageQuery & { id: Id };
type LinkBody = { userId: Id; websiteId: Id };

const apiKey = 'sandbox-wibi';
const defaultLimit = '50'; // the example of the node page, 2.3

// Ids are strings in some models and integers in others (1.1), and the API gives each back in its own JSON type.
const websites: Website[] = [
  { id: '201', url: 'https://alder.example', name: 'Alder Repairs' },
  { id: 202, url: 'https://birch.example', name: 'Birch Cooling' },
  { id: '203', url: 'https://cedar.example', name: 'Cedar Plumbing' },
  { id: 204, url: 'https://dogwood.example', name: 'Dogwood Electric' },
];

const startUsers: [id: string, firstName: string, lastName: string, websites: string[]][] = [
  ['101', 'Thandi', 'Nkosi', ['201', '202']],
  ['102', 'Pieter', 'Botha', ['201', '203']],
  ['103', 'Lerato', 'Molefe', ['203']],
  ['104', 'Anna', 'Visser', ['202', '204']],
  ['105', 'Sipho', 'Dlamini', []],
];

const isId = (value: unknown): value is Id =>
  typeof value === 'string' ? value.trim() !== '' : Number.isSafeInteger(value) && Number(value) > 0;

const isOptional =
  (pattern: RegExp) =>
  (value: unknown): value is string | undefined =>
    value === undefined || (typeof value === 'string' && pattern.test(value));

const pageFields: Guards<PageQuery> = { limit: isOptional(/^[1-9]\d*$/), offset: isOptional(/^\d+$/) };
const idFields: Guards<IdQuery> = { id: isId, ...pageFields };
const linkFields: Guards<LinkBody> = { userId: isId, websiteId: isId };

export function createWibiclickSimulator(): SimulatedProvider {
  return new WibiclickSimulator();
}

class WibiclickSimulator implements SimulatedProvider {
  #users = new Map<string, User>();
  #endedLinks: Link[] = [];

  readonly #endpoints: Record<string, Endpoint> = {
    '/get-websites-for-user': get(idFields, (query) => this.#websitesForUser(query)),
    '/get-websites': get(pageFields, (query) => ({ body: pageOf(websites, query).map(toOption) })),
    '/users': get(idFields, (query) => this.#usersOfWebsite(query)),
    '/connect-user-to-website': post(linkFields, (body) => this.#connect(body)),
    '/disconnect-user-from-website': post(linkFields, (body) => this.#disconnect(body)),
  };

  constructor() {
    this.reset({});
  }

  handle(call: ProviderCall): ProviderAnswer {
    try {
      return this.#route(call);
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      throw error;
    }
  }

  answerCode(_call: ProviderCall, errcode: number | string): ProviderAnswer {
    // WibiClick has no codes: a failure inside a 200 is `success: false` with `error` (4.2).
    return { body: errcode === 0 ? { success: true } : { success: false, error: `fault ${errcode}` } };
  }

  state() {
    const users = [...this.#users.values()];
    return {
      users: users.map(toUserRow),
      websites: websites.map((website) => ({ ...website, id: String(website.id) })),
      links: users.flatMap((user) => [...user.websites].map((websiteId): Link => ({ userId: user.id, websiteId }))),
      history: this.#endedLinks,
    };
  }

  reset({ members = 0 }: ResetOptions): void {
    const generated = Array.from({ length: members }, (_, index) => generateUser(index + 1));
    const users = [...startUsers.map((row) => createUser(...row)), ...generated];
    this.#users = new Map(users.map((user) => [user.id, user]));
    this.#endedLinks = [];
  }

  // The path comes before the key: some endpoints need none (5.2), so it is probably checked route by route.
  #route(call: ProviderCall): ProviderAnswer {
    const endpoint = this.#endpoints[call.path];
    if (!endpoint) return koaText(404, 'Not Found');
    if (endpoint.method !== call.method) return koaText(405, 'Method Not Allowed');
    if (!isAuthorized(call)) return koaText(401, 'Unauthorized');
    return endpoint.answer(call);
  }

  // Node page and web client disagree on this list (section 0): users with an odd id get the web client's bare array,
  // those with an even id the node page's object, so that both stay exercised.
  #websitesForUser({ id, ...query }: IdQuery): ProviderAnswer {
    const user = this.#findUser(id);
    const connected = websites.filter((website) => user.websites.has(String(website.id)));
    const page = pageOf(connected, query);
    if (hasOddId(user)) return { body: page.map(toOption) };
    return { body: { websites: page, total: connected.length, ...toNumbers(query) } };
  }

  // Whose users these are is unclear (2.5). Here they are the website's own: `id` scopes the call (1.2).
  #usersOfWebsite({ id, ...query }: IdQuery): ProviderAnswer {
    const website = findWebsite((candidate) => String(candidate) === id);
    const users = [...this.#users.values()].filter((user) => user.websites.has(String(website.id)));
    return { body: { users: pageOf(users, query).map(toUserRow) } };
  }

  #connect({ userId, websiteId }: LinkBody): ProviderAnswer {
    const user = this.#findUser(userId);
    const website = findWebsite((id) => id === websiteId);
    if (user.websites.has(String(website.id))) return prismaFailure();
    user.websites.add(String(website.id));
    return { body: { message: 'ok' } };
  }

  #disconnect({ userId, websiteId }: LinkBody): ProviderAnswer {
    const user = this.#findUser(userId);
    const website = findWebsite((id) => id === websiteId);
    if (!user.websites.delete(String(website.id))) return prismaFailure();
    this.#endedLinks.push({ userId: user.id, websiteId: String(website.id) });
    return disconnected(website);
  }

  #findUser(id: Id): User {
    const user = this.#users.get(String(id));
    if (!user) throw new Refusal(404, 'User not found');
    return user;
  }
}

/** A refusal with WibiClick's usual body, JSON with a `message` (4.2). */
class Refusal extends Error {
  readonly answer: ProviderAnswer;

  constructor(status: number, message: string) {
    super(message);
    this.answer = { status, body: { message } };
  }
}

function get<T>(fields: Guards<T>, answer: (query: T) => ProviderAnswer): Endpoint {
  return { method: 'GET', answer: ({ query }) => answer(readFields(query, fields)) };
}

function post<T>(fields: Guards<T>, answer: (body: T) => ProviderAnswer): Endpoint {
  return {
    method: 'POST',
    answer: (call) => {
      readFields(call.query, {}); // both ids go in the body; there is no query at all (1.2)
      return answer(readFields(readJson(call), fields));
    },
  };
}

function readJson({ headers, body }: ProviderCall): object {
  const [mediaType] = (headers['content-type'] ?? '').split(';');
  if (mediaType?.trim().toLowerCase() !== 'application/json') throw new Refusal(400, 'Content-Type must be JSON');
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Refusal(400, 'Body must be an object');
  return body;
}

function readFields<T>(source: object, fields: Guards<T>): T {
  const unknownName = Object.keys(source).find((name) => !Object.hasOwn(fields, name));
  if (unknownName !== undefined) throw new Refusal(400, `${unknownName} is not allowed`);
  const values = source as Record<string, unknown>;
  for (const [name, isValid] of Object.entries<(value: unknown) => boolean>(fields)) {
    if (!isValid(values[name])) throw new Refusal(400, `${name} is missing or invalid`);
  }
  return source as T;
}

// The header of the key is published nowhere (1.3): the web client's Bearer is taken, and a bare key in `x-api-key`.
function isAuthorized({ headers }: ProviderCall): boolean {
  return headers.authorization === `Bearer ${apiKey}` || headers['x-api-key'] === apiKey;
}

/** `matches` decides whether the JSON type counts: it does in a body, and cannot in a query. */
function findWebsite(matches: (id: Id) => boolean): Website {
  const website = websites.find(({ id }) => matches(id));
  if (!website) throw new Refusal(404, 'Website not found');
  return website;
}

// Both success bodies that 2.1 allows for: JSON for websites with a string id, plain text for those with a number.
function disconnected({ id }: Website): ProviderAnswer {
  return typeof id === 'string'
    ? { body: { success: true, message: 'User disconnected from website' } }
    : koaText(201, 'done');
}

// Disconnecting what is not connected, and connecting twice, are undocumented (4.1, 2.2). A 500 is what Prisma's missing
// or duplicate record plausibly becomes, and it catches a client that did not read first.
function prismaFailure(): ProviderAnswer {
  return koaText(500, 'Internal Server Error');
}

function koaText(status: number, body: string): ProviderAnswer {
  return { status, body, contentType: 'text/plain' };
}

function toNumbers({ limit = defaultLimit, offset = '0' }: PageQuery) {
  return { limit: Number(limit), offset: Number(offset) };
}

function pageOf<T>(rows: T[], query: PageQuery): T[] {
  const { limit, offset } = toNumbers(query);
  return rows.slice(offset, offset + limit);
}

function toOption({ id, name }: Website) {
  return { label: name, value: id };
}

function toUserRow(user: User) {
  return { ...user, websites: user.websites.size };
}

function hasOddId({ id }: User): boolean {
  return Number(id.at(-1)) % 2 === 1;
}

function generateUser(number: number): User {
  return createUser(`member-${String(number).padStart(5, '0')}`, 'Member', String(number), ['201']);
}

function createUser(id: string, firstName: string, lastName: string, connected: string[]): User {
  return {
    id,
    firstName,
    lastName,
    email: `${id}@wibiclick.example`,
    phone: `+2782${id.replace(/\D/g, '').padStart(7, '0')}`,
    country: 'South Africa',
    lifetime: false,
    payments: 0,
    createdAt: '2025-01-15T08:00:00.000Z',
    websites: new Set(connected),
  };
}
