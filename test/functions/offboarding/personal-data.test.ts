import { handler as workflow } from '../../../functions/offboarding/run-offboarding.ts';
import { handler as readLedger } from '../../../functions/system/ledger.ts';
import { lambdaContext } from '../../../sandbox/gateway-event.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { offboardings } from '../../support/runs.ts';
import { consoles, everywhere, storedItems } from './support.ts';

const offboarding = offboardings();
const { wecom, dingtalk, wibiclick, lambda } = offboarding;
const by = consoles(offboarding);
const logs = logLines();

/** What the engine hands the workflow, its checkpoints included. */
let events: string[] = [];
beforeEach(() => {
  events = [];
  lambda.invokeBy((functionName, event) => {
    events.push(JSON.stringify(event));
    return workflow(event as never, lambdaContext(functionName, 300_000));
  });
});

const personal = ['name', 'firstName', 'lastName', 'mobile', 'phone', 'telephone', 'email', 'biz_mail', 'login_email'];
const secrets = ['sandbox-contact', 'sandbox-app', 'sandbox-customer', 'sandbox-ding', 'sandbox-wibi'];

/** Every name, phone and e-mail address of the three directories. */
async function personalData(): Promise<string[]> {
  const states: Json[] = await Promise.all([wecom.state(), dingtalk.state(), wibiclick.state()]);
  const people: Json[] = states.flatMap(({ members = [], users = [] }) => [...members, ...users]);
  return people.flatMap((person) => personal.map((field) => person[field])).filter(Boolean);
}

const foundIn = (text: string, values: string[]): string[] => values.filter((value) => text.includes(value));

async function traces() {
  const subjects = ['wecom:lisi', 'dingtalk:sunqi', 'wibiclick:101'];
  const ledger = await Promise.all(subjects.map((subject) => invoke(readLedger, { query: `subject=${subject}` })));
  return {
    stored: JSON.stringify(await storedItems()),
    ledger: JSON.stringify(ledger.map(({ body }) => body)),
    checkpoints: events.join('\n'),
    logs: logs.text(),
  };
}

async function expectNothing(values: string[], answers: object[]): Promise<void> {
  const found = { ...(await traces()), answers: JSON.stringify(answers) };
  for (const [where, text] of Object.entries(found)) {
    expect([where, foundIn(text, values)]).toEqual([where, []]);
    expect([where, foundIn(text, secrets)]).toEqual([where, []]);
  }
  expect(found.stored).toContain('lisi');
  expect(found.ledger).toContain('wecom.remove');
  expect(found.checkpoints).toContain('.disable');
  expect(found.logs).toContain('POST /offboardings');
}

test('a whole run leaves no name, phone, address or secret behind', async () => {
  const values = await personalData();
  expect(values).toEqual(expect.arrayContaining(['李四', '10000000003', 'lisi@wwsandbox.example', 'Sun Qi', 'Thandi']));
  const { body: planned } = await offboarding.plan(everywhere);
  const { body: applied } = await offboarding.apply(planned.id, planned.digest);

  const run = await offboarding.toEnd(planned.id);

  expect(run.status).toBe('completed');
  await expectNothing(values, [planned, applied, run]);
});

test('nor does one that drifts, fails, is retried and is cancelled', async () => {
  const removed = await offboarding.start({ accounts: { wecom: { userid: 'lisi' } }, graceDays: 0 });
  await by.recreateUser('sunqi');
  const id = await offboarding.start({ accounts: { dingtalk: { userid: 'sunqi' }, wibiclick: { userId: '101' } } });
  const values = await personalData();
  const { body: planned } = await offboarding.plan({ accounts: { wecom: { userid: 'zhaoliu' } } });
  await by.changeMember('zhaoliu', { name: '赵六六' });
  const { body: drifted } = await offboarding.apply(planned.id, planned.digest);
  expect(drifted.code).toBe('plan_drifted');
  await wecom.faults({ path: '/cgi-bin/user/update', then: { errcode: 60011 } });
  await offboarding.apply(planned.id, drifted.digest);
  await lambda.settled();
  await by.changeMember('zhaoliu', { name: '赵七' });
  await offboarding.retry(planned.id);
  await lambda.settled();
  await offboarding.cancel(id);
  await lambda.settled();

  const shown = await Promise.all([removed, id, planned.id].map((each) => offboarding.get(each)));
  await expectNothing([...values, '赵六六', '赵七'], [planned, drifted, ...shown]);
});
