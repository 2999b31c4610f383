import type { Json } from '../../support/invoke.ts';
import { type Circumstances, lambdas } from '../../support/lambda.ts';
import { logLines } from '../../support/log-lines.ts';
import { throughTrouble } from '../../support/mortal.ts';
import { dayMs, minuteMs, offboardings, stepOf } from '../../support/runs.ts';
import { time } from '../../support/time.ts';
import { everywhere } from './support.ts';

/** The workflow as it is deployed, in processes that end by SIGKILL. */

const offboarding = offboardings();
const { wecom, dingtalk, wibiclick, lambda } = offboarding;
const start = await lambdas();
logLines();

type KillAt = NonNullable<Circumstances['killAt']>;

/** The n-th process is killed at the n-th of these; the others live. @returns how many were killed so far */
function processesKilledAt(...killAt: (KillAt | undefined)[]): () => number {
  let killed = 0;
  let current = start('offboarding/run-offboarding');
  lambda.invokeBy(async (_, event) => {
    const [next] = killAt;
    try {
      return await current.send(event, { aheadMs: time.ahead, ...(next !== undefined && { killAt: next }) });
    } catch (error) {
      killed += 1;
      killAt.shift();
      current = start('offboarding/run-offboarding');
      throw error;
    }
  });
  return () => killed;
}

async function expectGone(): Promise<void> {
  expect((await wecom.state()).members).not.toContainEqual(expect.objectContaining({ userid: 'lisi' }));
  expect((await dingtalk.state()).members).not.toContainEqual(expect.objectContaining({ userid: 'sunqi' }));
  expect((await wibiclick.state()).links).not.toContainEqual(expect.objectContaining({ userId: '101' }));
}

const sentTo = async (provider: typeof wecom, path: string): Promise<number> => (await provider.requests(path)).length;

test('killed right after each deletion was sent, and after each handover, it completes and repeats none', async () => {
  const killed = processesKilledAt(
    'answered /cgi-bin/user/delete',
    'answered /cgi-bin/externalcontact/resigned/transfer_customer',
    'answered /cgi-bin/externalcontact/groupchat/transfer',
    'answered /topapi/v2/user/delete',
  );

  const id = await offboarding.start({ ...everywhere, graceDays: { wecom: 0, dingtalk: 1, wibiclick: 0 } });
  const run = await throughTrouble(offboarding, id);

  expect(killed()).toBe(4);
  expect(run.status).toBe('completed');
  expect(stepOf(run, 'wecom', 'remove').result).toMatchObject({ outcome: 'deleted', verified: true });
  await expectGone();
  expect(await sentTo(wecom, '/cgi-bin/user/delete')).toBe(1);
  expect(await sentTo(dingtalk, '/topapi/v2/user/delete')).toBe(1);
  expect(await sentTo(wecom, '/cgi-bin/externalcontact/resigned/transfer_customer')).toBe(1);
  expect(await sentTo(wecom, '/cgi-bin/externalcontact/groupchat/transfer')).toBe(1);
  expect(run.handover.moved).toEqual({ customers: ['wm_lisi_1', 'wm_lisi_2'], groups: ['wr_lisi_1'] });
});

test('killed while it disables, it waits out its 30 days with the process gone, and completes', async () => {
  const killed = processesKilledAt('answered /disconnect-user-from-website', 'sent /cgi-bin/user/update');
  const id = await offboarding.start(everywhere);
  await offboarding.passTime(async () => {
    await offboarding.settleIntents();
    return (await offboarding.get(id)).status === 'grace';
  }, minuteMs);

  expect(killed()).toBe(2);
  await lambda.restart();
  lambda.advance(29 * dayMs);
  await lambda.settled();
  const inGrace = await offboarding.get(id);
  expect(inGrace.status).toBe('grace');
  expect((await wecom.state()).members).toContainEqual(expect.objectContaining({ userid: 'lisi', enable: 0 }));

  expect((await throughTrouble(offboarding, id)).status).toBe('completed');
  await expectGone();
  expect(await sentTo(wibiclick, '/disconnect-user-from-website')).toBe(2);
});

test('killed while a cancelled run gives back, it gives everything back', async () => {
  const killed = processesKilledAt('answered /connect-user-to-website', 'answered /connect-user-to-website');
  const id = await offboarding.start(everywhere);

  expect((await offboarding.cancel(id)).status).toBe(202);
  const run = await throughTrouble(offboarding, id);

  expect(killed()).toBe(2);
  expect(run.status).toBe('cancelled');
  expect((await wecom.state()).members).toContainEqual(expect.objectContaining({ userid: 'lisi', enable: 1 }));
  const links = (await wibiclick.state()).links.filter(({ userId }: Json) => userId === '101');
  expect(links.map(({ websiteId }: Json) => websiteId).sort()).toEqual(['201', '202']);
  expect((await dingtalk.state()).members).toContainEqual(
    expect.objectContaining({ userid: 'sunqi', disabled: false }),
  );
});
