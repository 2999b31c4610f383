import type { Examination, Finding } from '../../shared/checkup.ts';
import type { Deadline } from '../../shared/clock.ts';
import { parseAs, send } from '../../shared/transport.ts';
import { WibiclickApi } from './api.ts';
import { type WibiclickSecret, websiteList, wibiclickSecret } from './types.ts';

const provider = 'wibiclick';

/** How the doctor examines WibiClick. */
export const wibiclickExamination = (deadline: Deadline): Examination<WibiclickSecret> => ({
  provider,
  schema: wibiclickSecret,
  optionalKeys: [],
  checks: (_values, watched) => {
    const api = new WibiclickApi(deadline, watched(send));
    const listWebsites = async () => {
      const { json } = await api.call({ method: 'GET', path: '/get-websites', query: { limit: '1', offset: '0' } });
      parseAs(provider, websiteList, json);
    };
    return [{ name: 'apiKey lists websites', credential: 'apiKey', run: listWebsites }];
  },
  blindSpots: [mayConnect],
});

/** What the server enforces is published nowhere (page section 1.4). */
const mayConnect: Finding = {
  code: 'provider_permission',
  severity: 'warning',
  what: 'apiKey: whether it may connect and disconnect users shows in a write only',
  fix: 'Use the key of an account with role admin and permission owner.',
  verified: 'unverified',
};
