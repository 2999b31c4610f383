import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { Deadline } from './clock.ts';
import { errorCodes, OperationError } from './errors.ts';
import { refuseProtected } from './fence.ts';
import { type KeyedRun, oncePerKey, Unstored } from './idempotency.ts';
import { type Expectation, findByKey } from './ledger.ts';
import { recordedWrite } from './recorded-write.ts';
import { lostAnswer } from './settle.ts';

type Answer = APIGatewayProxyStructuredResultV2;

/** What an operation with an effect declares beside its `run`. */
export interface WriteDeclaration<Input, Clients> {
  /** `<provider>:<id>` of the account that changes, lower case where the provider ignores case. */
  subject(input: Input): string;
  /** The `outcome` of a success. */
  outcome(input: Input): string;
  /** Whether it takes access away, which the fence counts; by default so for the effect `delete`. */
  removesAccess?(input: Input): boolean;
  /** What the provider's client can check after a crash. It is stored, so it holds ids, flags and keyed prints only. */
  expects(input: Input, clients: Clients): Promise<Expectation>;
}

export interface WriteRequest<Input, Clients> {
  input: Input;
  clients: Clients;
  route: string;
  deadline: Deadline;
  context: Context;
  caller: string;
  requestId: string;
  idempotencyKey: string | undefined;
  removesAccess: boolean;
}

interface Answers {
  ofOutput(output: unknown): Answer;
  ofError(error: unknown): Answer;
}

/**
 * Performs a write once, under lock, ledger and fence; with an `Idempotency-Key` also once for all replays.
 * @throws OperationError what the write throws, after it was recorded
 */
export async function answerWrite<Input extends object, Clients>(
  write: WriteDeclaration<Input, Clients>,
  request: WriteRequest<Input, Clients>,
  perform: () => Promise<unknown>,
  answers: Answers,
): Promise<Answer> {
  const { input, route, caller, context, idempotencyKey: key } = request;
  if (key === undefined) return answers.ofOutput(await guarded(write, request, perform));

  let failure: { error: unknown } | undefined;
  const answer = await oncePerKey(
    { key, caller, route, payload: { ...input } as Record<string, unknown> },
    context,
    async (keyed) => {
      try {
        return answers.ofOutput(await guarded(write, request, perform, keyed));
      } catch (error) {
        failure = { error };
        if (mayRunAgain(error)) throw new Unstored(answers.ofError(error));
        return answers.ofError(error);
      }
    },
  );
  if (failure) throw failure.error;
  return answer;
}

async function guarded<Input extends object, Clients>(
  write: WriteDeclaration<Input, Clients>,
  { input, clients, route, deadline, caller, requestId, removesAccess }: WriteRequest<Input, Clients>,
  perform: () => Promise<unknown>,
  keyed?: KeyedRun,
): Promise<unknown> {
  const subject = write.subject(input);
  const [provider = '', id = ''] = subject.split(/:(.*)/s);
  if (removesAccess) refuseProtected(provider, id);
  if (keyed?.takenOver && (await hasSucceeded(subject, keyed.storedKey))) {
    return {
      provider,
      ...idsOf(input),
      outcome: write.outcome(input),
      verified: true,
      response: null,
      warnings: lostAnswer,
    };
  }
  const intent = {
    ...{ caller, subject, requestId },
    operation: route,
    expects: await write.expects(input, clients),
    ...(keyed && { key: keyed.storedKey }),
  };
  return recordedWrite({ provider, intent, removesAccess }, deadline, perform);
}

/** An earlier request with this key died on the way; the ledger knows what it did, once it is settled. */
async function hasSucceeded(subject: string, key: string): Promise<boolean> {
  const entry = await findByKey(subject, key);
  if (entry?.state !== 'unknown') return entry?.state === 'succeeded';
  throw new OperationError('provider_timeout', 'an earlier request with this Idempotency-Key has an unknown effect', {
    outcome: 'unknown',
    fix: 'Read the member, and send the request with a new key if it is still needed.',
  });
}

/** The ids among the input fields, in the providers' own spelling. */
const idsOf = (input: object): object =>
  Object.fromEntries(Object.entries(input).filter(([name]) => ['userid', 'userId', 'websiteId'].includes(name)));

/** Nothing was applied, and the same request can succeed later. */
function mayRunAgain(error: unknown): boolean {
  if (!(error instanceof OperationError)) return false;
  const { code, outcome } = error;
  return code === 'halted' || code === 'locked' || (errorCodes[code].status === 503 && outcome === 'not_applied');
}
