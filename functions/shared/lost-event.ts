import type { Context } from 'aws-lambda';
import * as z from 'zod/mini';
import { bury, type DeadLetter, knownOf } from './bad-event.ts';
import { countOf, logger } from './log.ts';

interface Definition {
  summary: string;
  /** `<provider>:<id>` of each account that the detail of an event names, as far as it can be read. */
  subjectsOf(detail: unknown): string[];
}

/** What everything else is derived from. */
export interface LostEventOperation {
  summary: string;
  /** It gets what the functions of events could not do. */
  lost: true;
  providers: string[];
}

/** What Lambda tells of an event with which a function failed each time. */
const failure = z.object({
  requestContext: z.object({ condition: z.string() }),
  requestPayload: z.object({ 'detail-type': z.string(), detail: z.unknown() }),
  responsePayload: z.optional(z.object({ errorType: z.optional(z.string()), errorMessage: z.optional(z.string()) })),
});
type Failure = z.infer<typeof failure>;

/** Makes the Lambda that puts events aside which failed each time, as a bad one is: never the event itself. */
export function defineLostEvents({ summary, subjectsOf }: Definition) {
  const handler = async (told: unknown, context: Context): Promise<object> => {
    const lost = failure.parse(told);
    const { 'detail-type': detailType, detail } = lost.requestPayload;
    const letter: DeadLetter = {
      ...knownOf(detail),
      detailType,
      subjects: subjectsOf(detail),
      reason: reasonOf(lost),
    };
    await bury(letter);
    logger.error(summary, { requestId: context.awsRequestId, ...letter, ...countOf('event_rejected') });
    return letter;
  };
  const operation: LostEventOperation = { summary, lost: true, providers: [] };
  return Object.assign(handler, { operation });
}

/** Only the words of our own refusals hold no personal data. */
function reasonOf({ requestContext, responsePayload = {} }: Failure): string {
  const { errorType = 'no answer', errorMessage = '' } = responsePayload;
  const what = errorType === 'OperationError' ? errorMessage : `${errorType}, see the log`;
  return `gave up (${requestContext.condition}): ${what}`;
}
