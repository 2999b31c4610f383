import { logLines } from '../../support/log-lines.ts';
import { dayMs, minuteMs, offboardings, stepOf } from '../../support/runs.ts';
import { consoles, everywhere, onlyWibiclick } from './support.ts';

const offboarding = offboardings();
const { wecom, dingtalk, wibiclick, lambda } = offboarding;
const by = consoles(offboarding);
logLines();

test('disables at once, removes after the grace, hands over and verifies', async () => {
  const id = await offboarding.start(everywhere);

  const inGrace = await offboarding.get(id);
  expect(inGrace.status).toBe('grace');
  expect(stepOf(inGrace, 'wecom', 'disable')).toMatchObject({ status: 'succeeded', result: { outcome: 'disabled' } });
  expect(stepOf(inGrace, 'dingtalk', 'disable')).toMatchObject({
    status: 'succeeded',
    result: { outcome: 'disabled', verified: 'unverified' },
  });
  expect(stepOf(inGrace, 'wibiclick', 'disable').result.websites).toEqual({ 201: 'disconnected', 202: 'disconnected' });

  lambda.advance(30 * dayMs - 5 * minuteMs);
  await lambda.settled();
  expect((await offboarding.get(id)).status).toBe('grace');
  expect((await wecom.state()).members).toContainEqual(expect.objectContaining({ userid: 'lisi', enable: 0 }));

  const run = await offboarding.toEnd(id);
  expect(run.status).toBe('completed');
  expect(run.handover).toEqual({
    moved: { customers: ['wm_lisi_1', 'wm_lisi_2'], groups: ['wr_lisi_1'] },
    pending: { customers: [], groups: [] },
    leftOver: [],
  });
  expect((await wecom.state()).members).not.toContainEqual(expect.objectContaining({ userid: 'lisi' }));
  expect((await dingtalk.state()).members).not.toContainEqual(expect.objectContaining({ userid: 'sunqi' }));
  expect((await wibiclick.state()).links).not.toContainEqual(expect.objectContaining({ userId: '101' }));
});

test('a website that WibiClick says it disconnected, and did not, is disconnected before the step succeeds', async () => {
  const path = '/disconnect-user-from-website';
  await wibiclick.faults({ path, times: 1, then: { body: JSON.stringify({ success: true }) } });

  const id = await offboarding.start(onlyWibiclick);

  expect(stepOf(await offboarding.get(id), 'wibiclick', 'disable').status).toBe('succeeded');
  expect(await by.websitesOf('101')).toEqual([]);
});

test('a website that WibiClick never disconnects, whatever it says, needs a person', async () => {
  const path = '/disconnect-user-from-website';
  await wibiclick.faults({ path, times: 1_000, then: { body: JSON.stringify({ success: true }) } });

  const run = await offboarding.toEnd(await offboarding.start(onlyWibiclick));

  expect(stepOf(run, 'wibiclick', 'disable')).toMatchObject({
    status: 'needs_attention',
    reason: expect.stringMatching(/^verification_failed/),
  });
});
