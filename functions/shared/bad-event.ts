import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod/mini';
import { env } from './env-names.ts';
import { eventFields } from './event-fields.ts';
import { fieldErrors } from './schema.ts';

/** Why an event cannot be carried out, now or later. The message is for people, and holds ids and no personal data. */
export class BadEvent extends Error {
  override readonly name = 'BadEvent';
}

/** Reads what an event holds. @throws BadEvent naming each field that is wrong, without its value */
export function parseEvent<Schema extends z.ZodMiniType>(schema: Schema, given: unknown): z.output<Schema> {
  const { data, error } = schema.safeParse(given);
  if (!error) return data;
  const errors = fieldErrors(error.issues).map(({ path, message }) => `${path}: ${message}`);
  throw new BadEvent(errors.join('; '));
}

/** What is kept of a bad event: never the event itself, which holds names and phones. */
export interface DeadLetter {
  eventId?: string | undefined;
  detailType: string;
  occurredAt?: string | undefined;
  /** `<provider>:<id>` of each account that it names. */
  subjects: string[];
  reason: string;
}

/** Of an event that is not understood, what may be repeated. */
const known = z.catch(
  z.object({
    eventId: z.catch(z.optional(eventFields.eventId), undefined),
    occurredAt: z.catch(z.optional(z.iso.datetime({ offset: true })), undefined),
  }),
  {},
);

export const knownOf = (detail: unknown): Pick<DeadLetter, 'eventId' | 'occurredAt'> => known.parse(detail);

let client: SQSClient | undefined;

const queue = (): SQSClient => {
  client ??= new SQSClient({ maxAttempts: 3, requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000 } });
  return client;
};

/** Puts what is kept into the dead-letter queue. @throws Error when SQS cannot be reached or refuses */
export async function bury(letter: DeadLetter): Promise<void> {
  const QueueUrl = process.env[env.eventDeadLetters];
  await queue().send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(letter) }));
}
