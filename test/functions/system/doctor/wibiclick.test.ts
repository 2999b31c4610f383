import { always, finds, hostThatReplies, wibiclick } from './support.ts';

const onWebsites = (then: Record<string, unknown>) => wibiclick.faults(always('GET', '/get-websites', then));
const websites = 'apiKey lists websites';

finds('wibiclick', 'error', [
  {
    is: 'a secret without a base URL',
    seed: () => wibiclick.secret({ baseUrl: undefined }),
    code: 'provider_credentials',
    what: ['secret: baseUrl is missing'],
    fix: 'baseUrl in usher/test/wibiclick',
  },
  {
    is: 'a wrong key',
    seed: () => wibiclick.secret({ apiKey: 'wrong' }),
    code: 'provider_credentials',
    what: [websites, 'unauthorized'],
    fix: 'authHeader',
  },
  {
    is: 'a key without rights',
    seed: () => onWebsites({ status: 403 }),
    code: 'provider_permission',
    what: [websites, 'forbidden'],
    fix: 'owner or administrator',
  },
  {
    is: 'a host without the call',
    seed: async () =>
      wibiclick.secret(await hostThatReplies({ status: 404, contentType: 'text/plain', body: 'Not Found' })),
    code: 'provider_unexpected',
    what: [websites, 'endpoint_not_found'],
    fix: 'baseUrl',
  },
  {
    is: 'HTML of another host',
    seed: () => onWebsites({ body: '<html></html>' }),
    code: 'provider_unexpected',
    what: [websites, 'misconfigured'],
    fix: 'baseUrl',
  },
  {
    is: 'JSON of another host',
    seed: () => onWebsites({ body: '{"ok":true}' }),
    code: 'provider_unexpected',
    what: [websites, 'not as documented'],
    fix: 'base URL',
  },
]);
