import { handler as buryLostEvent } from '../../../functions/cleanup/bury-lost-event.ts';
import { events, person } from '../../support/events.ts';
import { lambdaContext } from '../../support/invoke.ts';
import { logLines } from '../../support/log-lines.ts';
import { offboardings } from '../../support/runs.ts';
import { halt } from '../offboarding/support.ts';

offboardings();
const { detail, put, deadLetters } = events();
const log = logLines();
const lisi = { wecom: { userid: 'lisi' } };

const lost = (responsePayload?: object) =>
  buryLostEvent(
    {
      version: '1.0',
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
      requestPayload: { 'detail-type': 'Leaver', detail: detail(lisi, { eventId: 'e-1' }) },
      ...(responsePayload && { responsePayload }),
    },
    lambdaContext(),
  );

test('an event with which every attempt fails leaves who, when and why', async () => {
  await halt();
  const event = detail(lisi);

  expect(await put('Leaver', event)).toMatchObject({ invoked: ['offboarding/on-leaver'] });

  expect(deadLetters()).toEqual([
    {
      eventId: event.eventId,
      occurredAt: event.occurredAt,
      detailType: 'Leaver',
      subjects: ['wecom:lisi'],
      reason: 'gave up (RetriesExhausted): Usher was halted by ops: a drill',
    },
  ]);
  expect(log.parsed().filter(({ event_rejected }) => event_rejected === 1)).toHaveLength(1);
});

test.each([
  [
    'a bug, whose words may hold anything',
    { errorType: 'TypeError', errorMessage: person.name },
    'TypeError, see the log',
  ],
  ['a function that ran out of time', undefined, 'no answer, see the log'],
])('%s', async (_, payload, what) => {
  await lost(payload);

  expect(deadLetters()).toMatchObject([{ eventId: 'e-1', reason: `gave up (RetriesExhausted): ${what}` }]);
  expect(JSON.stringify(deadLetters()) + log.text()).not.toContain(person.name);
});
