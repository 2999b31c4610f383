import { dayMs, minuteMs, offboardings, stepOf } from '../../support/runs.ts';

const offboarding = offboardings();
const { wecom, dingtalk, wibiclick, lambda } = offboarding;
const everywhere = {
  accounts: { wecom: { userid: 'lisi' }, dingtalk: { userid: 'sunqi' }, wibiclick: { userId: '101' } },
  handover: { wecom: { takeoverUserid: 'wangwu' } },
};

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
}, 30_000);
