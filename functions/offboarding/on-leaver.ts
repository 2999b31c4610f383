import * as z from 'zod/mini';
import { clock } from '../shared/clock.ts';
import { defineEvent } from '../shared/event.ts';
import { eventFields } from '../shared/event-fields.ts';
import { offboardingProviders } from './accounts/clients.ts';
import { leave } from './event/leave.ts';
import { subjectsOf } from './event/subjects.ts';
import { momentOf } from './request/effective-at.ts';
import { effectiveMoment, offboardingRequest } from './request/request.ts';

export const handler = defineEvent({
  summary: 'Offboard a person whom HR reports as a leaver',
  event: { source: 'hr', detailType: 'Leaver' },
  starts: ['offboarding/run-offboarding'],
  providers: offboardingProviders,
  detail: z
    .safeExtend(offboardingRequest, { ...eventFields, effectiveAt: z.optional(effectiveMoment) })
    .check(
      z.refine(({ urgent }) => urgent === undefined, { path: ['urgent'], error: 'is for people to decide; remove it' }),
    ),
  subjectsOf,
  run: ({ eventId, occurredAt, person: _person, effectiveAt, ...request }, clients) => {
    const event = {
      eventId,
      type: 'Leaver' as const,
      occurredAt: Date.parse(occurredAt),
      subjects: subjectsOf(request),
    };
    // The event may have been under way for days: a time that has passed means at once.
    const isAhead = effectiveAt !== undefined && (momentOf(effectiveAt) ?? 0) > clock.now();
    return leave(event, { ...request, ...(isAhead && { effectiveAt }) }, clients);
  },
});
