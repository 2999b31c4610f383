import { createHash, randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import { clock } from '../functions/shared/clock.ts';
import { type Actions, AwsError, type Input } from './aws.ts';
import { lambdaContext } from './gateway-event.ts';

/** An event as EventBridge delivers it. */
export interface BusEvent {
  version: '0';
  id: string;
  'detail-type': string;
  source: string;
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: object;
}

/** A function with a rule of its own. */
export interface Subscriber {
  id: string;
  operation: { event: { source: string; detailType: string } };
  handler: (event: object, context: Context) => Promise<unknown>;
}

/** A function that gets the events with which others failed. */
type Lost = Pick<Subscriber, 'id' | 'handler'>;

const mostEntries = 10;
/** Lambda invokes a function twice more when it throws. Here it does so at once. */
const attempts = 3;

/** The bus of Usher with its rules, and the queue of bad events: EventBridge and SQS, as far as Usher uses them. */
export class EventBus {
  /** Every event seen, oldest first. */
  readonly events: BusEvent[] = [];
  /** What lies in the queue, oldest first. */
  readonly deadLetters: unknown[] = [];
  readonly #subscribers: () => Promise<Subscriber[]>;
  readonly #lost: () => Promise<Lost[]>;

  constructor(subscribers: () => Promise<Subscriber[]>, lost: () => Promise<Lost[]>) {
    this.#subscribers = subscribers;
    this.#lost = lost;
  }

  /** The calls that the AWS SDK makes. */
  actions(): Actions {
    return new Map<string, (input: Input) => object>([
      ['AWSEvents.PutEvents', (input) => this.#putEvents(input)],
      ['AmazonSQS.SendMessage', (input) => this.#sendMessage(input)],
    ]);
  }

  /** Puts an event on the bus, and waits for the functions that it is for. */
  async put(source: string, detailType: string, detail: object): Promise<{ id: string; invoked: string[] }> {
    const event = this.#take(source, detailType, detail);
    return { id: event.id, invoked: await this.#deliver(event) };
  }

  #putEvents({ Entries }: Input): object {
    if (!Array.isArray(Entries) || Entries.length === 0 || Entries.length > mostEntries)
      throw new AwsError('ValidationException', `Entries must hold 1 to ${mostEntries} events.`);
    const results = Entries.map((entry: Input) => this.#putEntry(entry));
    return { Entries: results, FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length };
  }

  #putEntry({ Source, DetailType, Detail, Time }: Input): object {
    const detail = objectIn(Detail);
    if (!Source || !DetailType)
      return { ErrorCode: 'InvalidArgument', ErrorMessage: 'Source and DetailType are needed.' };
    if (!detail) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
    const time = typeof Time === 'number' ? Time * 1000 : clock.now();
    const event = this.#take(String(Source), String(DetailType), detail, time);
    this.#deliver(event).catch((error) => console.error('delivering an event failed:', error));
    return { EventId: event.id };
  }

  #sendMessage({ MessageBody }: Input): object {
    const body = String(MessageBody);
    this.deadLetters.push(JSON.parse(body));
    return { MessageId: randomUUID(), MD5OfMessageBody: createHash('md5').update(body).digest('hex') };
  }

  #take(source: string, detailType: string, detail: object, time = clock.now()): BusEvent {
    const event: BusEvent = {
      version: '0',
      id: randomUUID(),
      'detail-type': detailType,
      source,
      account: '000000000000',
      time: new Date(time).toISOString().replace(/\.\d+/, ''),
      region: 'us-east-1',
      resources: [],
      detail,
    };
    this.events.push(event);
    return event;
  }

  /** @returns the functions that were invoked */
  async #deliver(event: BusEvent): Promise<string[]> {
    const meant = (await this.#subscribers()).filter(
      ({ operation }) => operation.event.source === event.source && operation.event.detailType === event['detail-type'],
    );
    await Promise.all(meant.map((subscriber) => this.#invoke(subscriber, event)));
    return meant.map(({ id }) => id);
  }

  async #invoke({ id, handler }: Subscriber, event: BusEvent): Promise<void> {
    let failure: unknown;
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const [ended] = await Promise.allSettled([handler(structuredClone(event), lambdaContext(id))]);
      if (ended.status === 'fulfilled') return;
      failure = ended.reason;
    }
    for (const lost of await this.#lost()) await lost.handler(failureOf(event, failure), lambdaContext(lost.id));
  }
}

/** What Lambda sends to the destination of a failed invocation. */
function failureOf(requestPayload: BusEvent, failure: unknown): object {
  const { name, message } = failure instanceof Error ? failure : new Error(String(failure));
  return {
    version: '1.0',
    timestamp: new Date(clock.now()).toISOString(),
    requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: attempts },
    requestPayload,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: { errorType: name, errorMessage: message },
  };
}

function objectIn(text: unknown): object | undefined {
  try {
    const value: unknown = JSON.parse(String(text));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
