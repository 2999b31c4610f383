/** Run as a program: one person's arrival and departure on a fast clock, told as it happens. */
import { setTimeout } from 'node:timers/promises';
import type { RunAnswer } from '../functions/shared/runs/run.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

const person = 'qianyi';
const ended = ['completed', 'needs_attention', 'cancelled'];
const dayMs = 86_400_000;

const onboarding = {
  accounts: {
    wecom: { userid: person, name: '钱一', email: 'qianyi@example.com', department: [3] },
    dingtalk: { userid: person, name: 'Qian Yi', mobile: '10055500123', dept_id_list: [2] },
    wibiclick: { userId: '105', websites: ['201', '204'] },
  },
  onFailure: 'undo',
};

const offboarding = {
  accounts: { wecom: { userid: person }, dingtalk: { userid: person }, wibiclick: { userId: '105' } },
  handover: {
    wecom: { takeoverUserid: 'wangwu', fallbackUserid: 'zhangsan' },
    dingtalk: { dingDoc: { action: 'handover', handoverUserId: 'lisi' } },
  },
};

/** What she will have in WeCom when she leaves: more groups than may be handed over in a day, and customers who refuse. */
const estate = { customers: { [person]: 120 }, groups: { [person]: 350 }, refusing: { wangwu: 2 } };

async function tell({ api, wecom, dingtalk, wibiclick, aws }: Sandbox): Promise<void> {
  await send(`${wecom.url}/_sandbox/reset`, estate);

  heading(`${person} joins: POST /onboardings`);
  const joined = await send(`${api.url}/onboardings`, onboarding);
  await follow({ api, aws }, 'onboardings', joined);

  heading('She will leave: POST /offboardings, which only reads');
  const planned = await send(`${api.url}/offboardings`, offboarding);
  for (const { what, undo, status, reason } of planned.plan.steps) {
    console.log(`  • ${what}${status === 'pending' ? '' : ` (${status}: ${reason})`}`);
    console.log(`    ${undo}`);
  }
  for (const warning of planned.plan.warnings) console.log(`  ! ${warning}`);

  heading(`She leaves: POST /offboardings/{id}/apply with the digest ${planned.digest.slice(0, 12)}…`);
  const applied = await send(`${api.url}/offboardings/${planned.id}/apply`, { digest: planned.digest });
  await follow({ api, aws }, 'offboardings', applied);

  heading('What the simulators hold now');
  const [inWecom, inDingtalk, inWibiclick] = await Promise.all([wecom, dingtalk, wibiclick].map(stateOf));
  const has = (list: Row[] = []) => (list.some(({ userid }) => userid === person) ? 'is a member' : 'is gone');
  console.log(`  WeCom      ${person} ${has(inWecom?.members)}; ${held(inWecom?.customers, 'userid', 'customers')}`);
  console.log(`             ${held(inWecom?.groups, 'owner', 'customer groups')}`);
  console.log(`  DingTalk   ${person} ${has(inDingtalk?.members)}`);
  const links = inWibiclick?.links?.filter(({ userId }) => userId === '105') ?? [];
  console.log(`  WibiClick  105 is connected to ${links.length} websites`);
}

/** Prints what happens to a run, and lets time pass to whatever is due next, until it has ended. */
async function follow({ api, aws }: Pick<Sandbox, 'api' | 'aws'>, kind: string, started: RunAnswer): Promise<void> {
  const told = new Map<string, string>();
  const begin = Date.parse(started.startedAt ?? started.createdAt);
  for (;;) {
    const run = await read(`${api.url}/${kind}/${started.id}`);
    const now = Date.parse((await send(`${aws.url}/_sandbox/clock`, { advance: 0 })).now);
    for (const step of run.plan.steps) {
      const name = `${step.provider} ${step.action}`;
      const line = [step.status, step.reason, ...inWords(step.result)].filter(Boolean).join('; ');
      if (told.get(name) === line || step.status === 'running' || (step.status === 'pending' && !step.startedAt))
        continue;
      told.set(name, line);
      console.log(`  day ${String(Math.floor((now - begin) / dayMs)).padStart(2)}  ${name.padEnd(18)} ${line}`);
    }
    if (ended.includes(run.status)) {
      console.log(`  → ${run.status}`);
      return;
    }
    await setTimeout(300);
    const due = run.plan.steps.flatMap(({ status, dueAt }) =>
      status === 'pending' && dueAt ? [Date.parse(dueAt)] : [],
    );
    const next = Math.min(...due);
    const isResting = due.length > 0 && next > now && run.plan.steps.every(({ status }) => status !== 'running');
    if (isResting) await send(`${aws.url}/_sandbox/clock`, { advance: Math.ceil((next - now) / 1000) + 1 });
  }
}

/** The result of a step: how it came out, whether that was read back, and how much it concerns. */
function inWords({ outcome, verified, handover, websites, moved, pending, customers, groups }: Result = {}): string[] {
  const assets = (count: Estate, what: string) => `${count.customers} customers and ${count.groups} groups ${what}`;
  return [
    ...(outcome ? [outcome.replaceAll('_', ' ')] : []),
    ...(verified === undefined ? [] : [verified === true ? 'verified' : verified]),
    ...(handover ? [`handover ${handover.status}`] : []),
    ...(websites ? [`websites ${Object.keys(websites).join(', ')}`] : []),
    ...(customers === undefined || groups === undefined ? [] : [assets({ customers, groups }, 'noted')]),
    ...(moved && pending ? [assets(moved, 'moved'), assets(pending, 'pending')] : []),
  ];
}

interface Estate {
  customers: number;
  groups: number;
}

interface Result extends Partial<Estate> {
  outcome?: string;
  verified?: true | 'unverified';
  handover?: { status: string };
  websites?: object;
  moved?: Estate;
  pending?: Estate;
}

interface Row {
  [field: string]: unknown;
}

interface State {
  members?: Row[];
  customers?: Row[];
  groups?: Row[];
  links?: Row[];
}

const stateOf = async ({ url }: { url: string }): Promise<State> =>
  (await fetch(`${url}/_sandbox/state`)).json() as Promise<State>;

/** `wangwu has 118 customers, zhangsan 5` */
function held(rows: Row[] = [], field: string, what: string): string {
  const counts = Map.groupBy(rows, (row) => String(row[field]));
  return `${what}: ${[...counts].map(([userid, own]) => `${userid} ${own.length}`).join(', ')}`;
}

const heading = (text: string): void => console.log(`\n${text}`);

async function send(url: string, body: object) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return answerOf(response);
}

const read = async (url: string) => answerOf(await fetch(url));

async function answerOf(response: Response): Promise<RunAnswer & { now: string }> {
  const text = await response.text();
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${text}`);
  return JSON.parse(text);
}

const sandbox = await startSandbox(0);
try {
  await tell(sandbox);
} finally {
  await sandbox.close();
}
