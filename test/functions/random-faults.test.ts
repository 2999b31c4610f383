import fc from 'fast-check';
import { handler as createDingtalkUser } from '../../functions/dingtalk/create-user.ts';
import { handler as deleteDingtalkUser } from '../../functions/dingtalk/delete-user.ts';
import { handler as disableDingtalkUser } from '../../functions/dingtalk/disable-user.ts';
import { handler as enableDingtalkUser } from '../../functions/dingtalk/enable-user.ts';
import { handler as getDingtalkUser } from '../../functions/dingtalk/get-user.ts';
import { handler as terminateDingtalkUser } from '../../functions/dingtalk/terminate-user.ts';
import { handler as updateDingtalkUser } from '../../functions/dingtalk/update-user.ts';
import { handler as createWecomUser } from '../../functions/wecom/create-user.ts';
import { handler as deleteWecomUser } from '../../functions/wecom/delete-user.ts';
import { handler as getWecomUser } from '../../functions/wecom/get-user.ts';
import { handler as updateWecomUser } from '../../functions/wecom/update-user.ts';
import { handler as connectWibiclickUser } from '../../functions/wibiclick/connect-user.ts';
import { handler as disconnectWibiclickUser } from '../../functions/wibiclick/disconnect-user.ts';
import { handler as listUserWebsites } from '../../functions/wibiclick/list-user-websites.ts';
import { handler as listWebsiteUsers } from '../../functions/wibiclick/list-website-users.ts';
import { handler as listWebsites } from '../../functions/wibiclick/list-websites.ts';
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
      ['POST', '/cgi-bin/user/update'],
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
  const changes = fc.record(
    {
      enable: fc.constantFrom(0, 1),
      name: fc.constantFrom('甲', '乙'),
      mobile: fc.constantFrom('13000000000', '13000000001'),
      department: fc.constantFrom([2], [3, 5], [777]),
      biz_mail: fc.constantFrom('a@corp.example.com', 'lisi@corp.wwsandbox.example'),
    },
    { requiredKeys: [] },
  );
  const view: View = {
    snapshot: ({ members }) => members,
    holds: ({ members }, { outcome, userid }) => {
      const found = members.find((member: Json) => member.userid.toLowerCase() === userid.toLowerCase());
      if (outcome === 'disabled' || outcome === 'enabled') return found.enable === (outcome === 'enabled' ? 1 : 0);
      return outcome === 'deleted' ? !found : found !== undefined;
    },
  };

  test('creating, updating, deleting and getting members', () =>
    property(
      wecom,
      view,
      fc.oneof(
        fc.record({ handler: fc.constant(createWecomUser), request: fc.record({ body: body(member) }) }),
        fc.record({
          handler: fc.constant(updateWecomUser),
          request: fc.record({ path: fc.record({ userid }), body: body(changes) }),
        }),
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
    ));
});

describe('DingTalk', () => {
  const dingtalk = simulated('dingtalk');
  const faults = faultsOn(
    [
      ['POST', '/topapi/v2/user/create'],
      ['POST', '/topapi/v2/user/update'],
      ['POST', '/topapi/v2/user/delete'],
      ['POST', '/v1.0/contact/orgAccounts/disable'],
      ['POST', '/v1.0/contact/orgAccounts/enable'],
      ['POST', '/v1.0/hrm/processes/terminateAndHandOver'],
    ],
    [
      ['POST', '/v1.0/oauth2/accessToken'],
      ['POST', '/topapi/v2/user/get'],
    ],
  );
  const userid = fc.constantFrom('lisi', 'wangwu', 'zhangsan', 'sunqi', 'founder', 'new1', 'ghost');
  const onePath = pathOf({ userid: fc.oneof(userid, wordOfAnyKind) });
  const user = fc.record(
    {
      userid,
      name: fc.string({ minLength: 1, maxLength: 20 }),
      mobile: fc.integer({ min: 13_800_000_000, max: 13_800_000_009 }).map(String),
      dept_id_list: fc.array(fc.constantFrom(1, 2, 3, 777), { minLength: 1, maxLength: 3 }),
      manager_userid: userid,
    },
    { requiredKeys: ['userid', 'name', 'mobile', 'dept_id_list'] },
  );
  /** Every change gives this title, so that the state shows whether it was made. */
  const title = 'Taster';
  const changes = fc.record(
    { title: fc.constant(title), senior_mode: fc.boolean(), dept_id_list: fc.constant([2, 3]), manager_userid: userid },
    { requiredKeys: ['title'] },
  );
  const leaving = fc.record(
    {
      optUserId: userid,
      lastWorkDate: fc.constant(1_795_305_600_000),
      dismissionMemo: fc.constant('left'),
      terminationReasonPassive: fc.constant(['4']),
      dingPanHandoverUserId: userid,
    },
    { requiredKeys: ['optUserId', 'lastWorkDate', 'dismissionMemo', 'terminationReasonPassive'] },
  );
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
    holds: ({ members }, { outcome, userid }) => {
      const found = members.find((member: Json) => member.userid === userid);
      if (outcome === 'updated') return found?.title === title;
      return (outcome === 'created') === Boolean(found);
    },
  };

  test('creating, updating, disabling, terminating, deleting with handover, and getting users', () =>
    property(
      dingtalk,
      view,
      fc.oneof(
        fc.record({ handler: fc.constant(createDingtalkUser), request: fc.record({ body: body(user) }) }),
        ...(
          [
            [updateDingtalkUser, body(changes)],
            [deleteDingtalkUser, fc.option(body(fc.record({ handoverResource })), { nil: undefined })],
            [terminateDingtalkUser, body(leaving)],
          ] as const
        ).map(([handler, sent]) =>
          fc.record({
            handler: fc.constant(handler),
            request: fc.tuple(onePath, sent).map(([request, body]) => ({ ...request, body })),
          }),
        ),
        ...[disableDingtalkUser, enableDingtalkUser, getDingtalkUser].map((handler) =>
          fc.record({ handler: fc.constant(handler), request: onePath }),
        ),
      ),
      faults,
    ));
});

describe('WibiClick', () => {
  const wibiclick = simulated('wibiclick');
  const faults = faultsOn(
    [
      ['POST', '/connect-user-to-website'],
      ['POST', '/disconnect-user-from-website'],
    ],
    [
      ['GET', '/get-websites'],
      ['GET', '/get-websites-for-user'],
      ['GET', '/users'],
    ],
  );
  const userId = fc.oneof(fc.constantFrom('101', '102', '103', '104'), wordOfAnyKind);
  const websiteId = fc.oneof(fc.constantFrom('201', '202', '203'), wordOfAnyKind);
  const view: View = {
    snapshot: ({ links }) => links,
    holds: ({ links }, { outcome, userId, websiteId }) =>
      links.some((link: Json) => link.userId === userId && link.websiteId === websiteId) === (outcome === 'connected'),
  };

  test('connecting and disconnecting users, and the lists', () =>
    property(
      wibiclick,
      view,
      fc.oneof(
        fc.record({ handler: fc.constant(connectWibiclickUser), request: pathOf({ userId, websiteId }) }),
        fc.record({ handler: fc.constant(disconnectWibiclickUser), request: pathOf({ userId, websiteId }) }),
        fc.record({ handler: fc.constant(listUserWebsites), request: pathOf({ userId }) }),
        fc.record({ handler: fc.constant(listWebsiteUsers), request: pathOf({ websiteId }) }),
        fc.record({ handler: fc.constant(listWebsites), request: pathOf({}) }),
      ),
      faults,
    ));
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
