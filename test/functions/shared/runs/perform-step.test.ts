import { clock } from '../../../../functions/shared/clock.ts';
import { failsSince } from '../../../../functions/shared/runs/perform-step.ts';
import type { Step } from '../../../../functions/shared/runs/run.ts';
import { time } from '../../../support/time.ts';

const dayMs = 86_400_000;
const stepOf = (reason?: string): Step => ({
  provider: 'wecom',
  action: 'delete',
  what: '',
  undo: '',
  status: 'pending',
  after: [],
  delays: 3,
  ...(reason !== undefined && { reason, failingSince: clock.now() - 2 * dayMs }),
});

test.each([
  ['the first of its failures', undefined, 'provider_unavailable', 0],
  ['one more', 'provider_rate_limited: slow down', 'provider_unavailable', 2],
  ['a halt that lasts', 'halted: by ops', 'halted', 2],
  ['the first failure after a halt', 'halted: by ops', 'provider_unavailable', 0],
] as const)('%s: counted from the first in a row, a halt left out', (_, reason, code, days) => {
  time.hold();

  expect(clock.now() - failsSince(stepOf(reason), code)).toBe(days * dayMs);
});
