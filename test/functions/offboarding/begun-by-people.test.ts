import { events, inMs } from '../../support/events.ts';
import { logLines } from '../../support/log-lines.ts';
import { offboardings } from '../../support/runs.ts';

const offboarding = offboardings();
const { lambda, get } = offboarding;
const { detail, leaver, joiner, deadLetters } = events();
logLines();
const lisi = { wecom: { userid: 'lisi' } };

test('no event begins a second offboarding beside one that a person began, or takes that one back', async () => {
  const id = await offboarding.start({ accounts: lisi, graceDays: 30 });
  const reason = expect.stringContaining(`the offboarding ${id} of wecom:lisi, which a person began, is grace`);

  await leaver(detail(lisi, { occurredAt: inMs(-60_000), graceDays: 20 }));
  await joiner(detail(lisi));
  await lambda.settled();

  expect(deadLetters()).toMatchObject([{ reason }, { reason }]);
  expect((await get(id)).status).toBe('grace');
});

test('a plan that a person only made is in nobody’s way', async () => {
  await offboarding.plan({ accounts: lisi, graceDays: 30 });

  const { runId } = await leaver(detail(lisi, { graceDays: 20 }));
  await lambda.settled();

  expect(deadLetters()).toEqual([]);
  expect((await get(runId)).status).toBe('grace');
});

test('one that a person is cancelling is waited for', async () => {
  const id = await offboarding.start({ accounts: lisi, graceDays: 30 });
  await offboarding.wecom.faults({ path: '/cgi-bin/user/update', times: 9, then: { errcode: -1 } });
  await offboarding.cancel(id);
  await lambda.settled();

  await expect(joiner(detail(lisi))).rejects.toThrow('which a person began, is cancelling');
  expect(deadLetters()).toEqual([]);
});
