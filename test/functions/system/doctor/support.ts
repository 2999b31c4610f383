import { clock } from '../../../../functions/shared/clock.ts';
import { handler } from '../../../../functions/system/doctor.ts';
import { invoke, type Json } from '../../../support/invoke.ts';
import { simulated } from '../../../support/providers.ts';
import { type ScriptedReply, type ScriptedServer, startScriptedServer } from '../../../support/scripted-server.ts';
import { time } from '../../../support/time.ts';

export const [wecom, dingtalk, wibiclick] = [simulated('wecom'), simulated('dingtalk'), simulated('wibiclick')];

/** What the doctor asks of each provider when all is well. None of these calls writes. */
export const readingCalls = {
  wecom: [
    'GET /cgi-bin/gettoken',
    'POST /cgi-bin/user/list_id',
    'GET /cgi-bin/gettoken',
    'GET /cgi-bin/department/simplelist',
    'GET /cgi-bin/department/get',
    'GET /cgi-bin/gettoken',
    'POST /cgi-bin/externalcontact/get_unassigned_list',
  ],
  dingtalk: [
    'POST /v1.0/oauth2/accessToken',
    'POST /topapi/v2/department/listsub',
    'POST /topapi/user/listid',
    'POST /topapi/inactive/user/v2/get',
    'GET /v1.0/hrm/employees/dismissions',
    'POST /topapi/v2/user/get',
  ],
  wibiclick: ['GET /get-websites'],
};

let others: ScriptedServer[] = [];

/** The base URL of a host that always replies so. */
export async function hostThatReplies(reply: ScriptedReply): Promise<{ baseUrl: string }> {
  const server = await startScriptedServer(() => reply);
  others.push(server);
  return { baseUrl: server.url };
}

beforeEach(async () => {
  time.advance(Date.now() - clock.now()); // the simulators' answers carry the real date
  await wecom.secret({ customerContactSecret: 'sandbox-customer' });
  await dingtalk.secret({ operatorUserid: 'founder' });
});
afterEach(async () => {
  await Promise.all(others.map((server) => server.close()));
  others = [];
});

export const callsOf = (requests: { method: string; path: string }[]): string[] =>
  requests.map(({ method, path }) => `${method} ${path}`);

/** What the doctor answers: 200 whatever is wrong, and after calls that read. */
export async function doctor(msLeft?: number): Promise<Json> {
  const { status, body } = await invoke(handler, {}, msLeft);

  const asked = await Promise.all([wecom.requests(), dingtalk.requests(), wibiclick.requests()]);
  const calls = callsOf([...asked.flat(), ...others.flatMap(({ seen }) => seen)]);
  const reading = Object.values(readingCalls).flat();
  expect(status).toBe(200);
  expect(calls.filter((call) => !reading.includes(call))).toEqual([]);
  return body;
}

export const sectionOf = ({ providers }: Json, name: string): Json =>
  providers.find(({ provider }: Json) => provider === name);

/** Every call to this path ends so. */
export const always = (method: string, path: string, then: Record<string, unknown>) => ({
  method,
  path,
  times: 1_000,
  then,
});

export interface Misconfiguration {
  is: string;
  seed(): Promise<unknown>;
  code: string;
  /** Words of `what` in their order, and of `fix`. */
  what: string[];
  fix: string;
}

/** Each is found with its code and its fix, and nothing is said against the other providers. */
export function finds(provider: string, severity: 'error' | 'warning', cases: Misconfiguration[]): void {
  test.each(cases)(`${provider}: $is is found as $code`, async ({ seed, code, what, fix }) => {
    await seed();

    const body = await doctor();

    expect(sectionOf(body, provider).findings).toContainEqual({
      code,
      severity,
      what: expect.stringMatching(new RegExp(`^${what.join('.*')}`)),
      fix: expect.stringContaining(fix),
    });
    expect(body.status).toBe(severity === 'error' ? 'attention' : 'ok');
    const others = body.providers.filter((section: Json) => section.provider !== provider);
    expect(JSON.stringify(others)).not.toContain('"severity":"error"');
  });
}
