import fc from 'fast-check';
import { handler as deleteDingtalkUser } from '../../functions/dingtalk/delete-user.ts';
import { handler as getDingtalkUser } from '../../functions/dingtalk/get-user.ts';
import { handler as createWecomUser } from '../../functions/wecom/create-user.ts';
import { handler as deleteWecomUser } from '../../functions/wecom/delete-user.ts';
import { handler as getWecomUser } from '../../functions/wecom/get-user.ts';
import { handler as disconnectWibiclickUser } from '../../functions/wibiclick/disconnect-user.ts';
import { handler as listUserWebsites } from '../../functions/wibiclick/list-user-websites.ts';
import { invoke, type Json, type TestAnswer, type TestRequest } from '../support/invoke.ts';
import { simulated } from '../support/providers.ts';
import { time } from '../support/time.ts';

/** Random requests under random faults: whatever happens, the answer claims exactly what the simulator holds. */

interface Fault {
  method: string;
  path: string;
  times: number;
  then: Record<string, unknown>;
}

/** How a simulator is looked at: everything that a write may change, and whether what the answer claims is so. */
interface View {
  snapshot(state: Json): unknown;
  holds(state: Json, answer: Json): boolean;
}

const runs = { numRuns: 120 };
const wordOfAnyKind = fc.oneof(
  fc.constantFrom('lisi', 'LiSi', 'founder', 'ghost', '101', '105', '201', '202', 'default'),
  fc.string(),
);
const garbage = fc.oneof(
  fc.constantFrom(
    '',
    '{"errcode":0',
    '<html>busy</html>',
    '"text"',
    '[]',
    '{}',
    'null',
    '{"errcode":"0"}',
    '{"success":false}',
  ),
  fc.json(),
);

const harmless = fc.oneof(
  fc.record({ status: fc.constantFrom(400, 401, 403, 404, 409, 429, 500, 502, 503) }),
  fc.record({ body: garbage }),
  fc.record({ drop: fc.constantFrom('before', 'after') }),
);
const refusals = [
  -1, 6000, 40014, 42001, 45009, 48002, 50002, 60011, 60020, 60102, 60104, 90018, 90020, 301005, 400002, 999999,
];
const absences = [40003, 46004, 60111, 60121, 33012];
/** Only writes lie: that all went well (0), or that there is nobody. Nobody can tell the truth from a lying read. */
const onWrite = fc.oneof(harmless, fc.record({ errcode: fc.constantFrom(...refusals, ...absences, 0) }));
const onRead = fc.oneof(
  harmless.filter((then) => !('body' in then)),
  fc.record({ errcode: fc.constantFrom(...refusals) }),
);

const faultsOn = (writes: [string, string][], reads: [string, string][]): fc.Arbitrary<Fault[]> =>
  fc.array(
    fc
      .oneof(
        fc.record({ at: fc.constantFrom(...writes), times: fc.integer({ min: 1, max: 4 }), then: onWrite }),
        fc.record({ at: fc.constantFrom(...reads), times: fc.integer({ min: 1, max: 4 }), then: onRead }),
      )
      .map(({ at: [method, path], times, then }) => ({ method, path, times, then })),
    { maxLength: 4 },
  );

const body = (fields: fc.Arbitrary<unknown>) => fc.oneof({ weight: 4, arbitrary: fields }, fc.object(), fc.json());

describe('WeCom', () => {
  const wecom = simulated('wecom');
  const faults = faultsOn(
    [
      ['POST', '/cgi-bin/user/create'],
      ['GET', '/cgi-bin/user/delete'],
    ],
    [
      ['GET', '/cgi-bin/gettoken'],
      ['GET', '/cgi-bin/user/get'],
      ['POST', '/cgi-bin/user/list_id'],
    ],
  );
  const userid = fc.constantFrom('lisi', 'wangwu', 'new1', 'NEW1', 'new2', 'founder', 'ghost');
  const member = fc.record(
    {
      userid,
      name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
      mobile: fc.integer({ min: 13_000_000_000, max: 13_000_000_009 }).map(String),
      department: fc.array(fc.constantFrom(0, 1, 2, 3, 777), { minLength: 1, maxLength: 3 }),
      position: fc.string({ maxLength: 10 }),
    },
    { requiredKeys: ['userid', 'name', 'mobile'] },
  );
  const view: View = {
    snapshot: ({ members }) => members,
    holds: ({ members }, { outcome, userid }) => {
      const present = members.some((found: Json) => found.userid.toLowerCase() === userid.toLowerCase());
      return outcome === 'created' ? present : !present;
    },
  };

  test(
    'creating, deleting and getting members',
    () =>
      property(
        wecom,
        view,
        fc.oneof(
          fc.record({ handler: fc.constant(createWecomUser), request: fc.record({ body: body(member) }) }),
          fc.record({
            handler: fc.constant(deleteWecomUser),
            request: pathOf({ userid: fc.oneof(userid, wordOfAnyKind) }),
          }),
          fc.record({
            handler: fc.constant(getWecomUser),
            request: pathOf({ userid: fc.oneof(userid, wordOfAnyKind) }),
          }),
        ),
        faults,
      ),
    60_000,
  );
});

describe('DingTalk', () => {
  const dingtalk = simulated('dingtalk');
  const faults = faultsOn(
    [['POST', '/topapi/v2/user/delete']],
    [
      ['POST', '/v1.0/oauth2/accessToken'],
      ['POST', '/topapi/v2/user/get'],
    ],
  );
  const userid = fc.constantFrom('lisi', 'wangwu', 'zhangsan', 'founder', 'ghost');
  const module = fc.record(
    { action: fc.constantFrom('handover', 'remove', 'skip'), handoverUserId: userid },
    { requiredKeys: ['action'] },
  );
  const handoverResource = fc.record(
    { subordinate: module, oaApproval: module, subAdmin: module, dingDoc: module, dingPan: module },
    { requiredKeys: [] },
  );
  const view: View = {
    snapshot: ({ members, handovers }) => ({ members, handovers }),
    holds: ({ members }, { userid }) => !members.some((found: Json) => found.userid === userid),
  };

  test(
    'deleting with handover, and getting users',
    () =>
      property(
        dingtalk,
        view,
        fc.oneof(
          fc.record({
            handler: fc.constant(deleteDingtalkUser),
            request: fc.record({
              path: fc.record({ userid: fc.oneof(userid, wordOfAnyKind) }),
              body: fc.option(body(fc.record({ handoverResource })), { nil: undefined }),
            }),
          }),
          fc.record({
            handler: fc.constant(getDingtalkUser),
            request: pathOf({ userid: fc.oneof(userid, wordOfAnyKind) }),
          }),
        ),
        faults,
      ),
    60_000,
  );
});

describe('WibiClick', () => {
  const wibiclick = simulated('wibiclick');
  const faults = faultsOn([['POST', '/disconnect-user-from-website']], [['GET', '/get-websites-for-user']]);
  const ids = {
    userId: fc.oneof(fc.constantFrom('101', '102', '103', '104'), wordOfAnyKind),
    websiteId: fc.oneof(fc.constantFrom('201', '202', '203'), wordOfAnyKind),
  };
  const view: View = {
    snapshot: ({ links }) => links,
    holds: ({ links }, { userId, websiteId }) =>
      !links.some((link: Json) => link.userId === userId && link.websiteId === websiteId),
  };

  test(
    'disconnecting users and listing their websites',
    () =>
      property(
        wibiclick,
        view,
        fc.oneof(
          fc.record({ handler: fc.constant(disconnectWibiclickUser), request: pathOf(ids) }),
          fc.record({ handler: fc.constant(listUserWebsites), request: pathOf({ userId: ids.userId }) }),
        ),
        faults,
      ),
    60_000,
  );
});

function pathOf(names: Record<string, fc.Arbitrary<string>>): fc.Arbitrary<TestRequest> {
  return fc.record({ path: fc.record(names) });
}

function property(
  provider: ReturnType<typeof simulated>,
  { snapshot, holds }: View,
  calls: fc.Arbitrary<{ handler: Parameters<typeof invoke>[0]; request: { path?: unknown; body?: unknown } }>,
  faults: fc.Arbitrary<Fault[]>,
): Promise<void> {
  return fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(calls, faults), { minLength: 1, maxLength: 4 }), async (steps) => {
      await fetch(`${provider.url}/_sandbox/reset`, { method: 'POST', body: '{}' });
      for (const [{ handler, request }, then] of steps) {
        time.advance(3 * 3_60_000); // past the bans of the step before
        await provider.faults(...then);
        const before = snapshot(await provider.state());

        const answer: TestAnswer = await invoke(handler, request as TestRequest);

        expect(answer.status).not.toBe(500);
        const state = await provider.state();
        if (answer.body.verified === true) expect(holds(state, answer.body)).toBe(true);
        else if (answer.status !== 200 && answer.body.outcome !== 'unknown') expect(snapshot(state)).toEqual(before);
      }
    }),
    runs,
  );
}
