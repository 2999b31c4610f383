import { events, inMs, person } from '../../support/events.ts';
import { logLines } from '../../support/log-lines.ts';
import { offboardings } from '../../support/runs.ts';

const { wecom, lambda } = offboardings();
const { detail, leaver, joiner, deadLetters } = events();
logLines();
const lisi = { wecom: { userid: 'lisi' } };

test('a Leaver that comes after a newer Joiner removes nobody, though the Joiner itself was refused', async () => {
  const older = detail(lisi, { occurredAt: inMs(-60_000) });
  await joiner(detail(lisi));
  await leaver(older);
  await lambda.settled();

  expect(deadLetters()).toMatchObject([
    { reason: expect.stringContaining('accounts.wecom.name: is required') },
    { reason: expect.stringContaining('is older than the last event of wecom:lisi') },
  ]);
  const { members } = await wecom.state();
  expect(members.find(({ userid }: { userid: string }) => userid === 'lisi')).toMatchObject({ enable: 1 });
});

test('and a Joiner that corrects a refused one may keep its time', async () => {
  const first = detail({ wecom: { userid: 'qianyi' } });
  await joiner(first);
  const { name, mobile } = person;
  const accounts = { wecom: { userid: 'qianyi', name, mobile, department: [2] } };

  await joiner({ ...first, eventId: `${first.eventId}-corrected`, accounts } as never);
  await lambda.settled();

  expect(deadLetters()).toHaveLength(1);
  const { members } = await wecom.state();
  expect(members.some(({ userid }: { userid: string }) => userid === 'qianyi')).toBe(true);
});
