import { subjectsOf } from '../offboarding/event/subjects.ts';
import { defineLostEvents } from '../shared/lost-event.ts';

export const handler = defineLostEvents({
  summary: 'Put an event of HR aside with which every attempt has failed',
  subjectsOf,
});
