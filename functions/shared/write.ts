import type * as z from 'zod/mini';
import { callerOf } from './caller.ts';
import { OperationError } from './errors.ts';
import { refuseProtected } from './fence.ts';
import type { KeyedRun } from './idempotency.ts';
import { oncePerRequest } from './keyed.ts';
import { type Expectation, findByKey } from './ledger.ts';
import {
  type Clients,
  type Definition,
  defineOperation,
  type ObjectSchema,
  type Providers,
  type Request,
} from './operation.ts';
import { recordedWrite } from './recorded-write.ts';
import { lostAnswer, type Verification } from './settle.ts';

/** What an operation with an effect declares beside its `run`. */
export interface WriteDeclaration<Input, C> {
  /** `<provider>:<id>` of the account that changes, lower case where the provider ignores case. */
  subject(input: Input): string;
  /** The `outcome` of a success. */
  outcome(input: Input): string;
  /** Whether it takes access away, which the fence counts; by default so for the effect `delete`. */
  removesAccess?(input: Input): boolean;
  /** What the provider's client can check after a crash. It is stored, so it holds ids, flags and keyed prints only. */
  expects(input: Input, clients: C): Promise<Expectation>;
}

/**
 * Makes the Lambda of a route with an effect: performed under lock, ledger and fence, and with an `Idempotency-Key`
 * once for all replays.
 */
export function defineWrite<I extends ObjectSchema, O extends z.ZodMiniType, P extends Providers>({
  write,
  ...definition
}: Definition<I, O, P> & { write: WriteDeclaration<z.output<I>, Clients<P>> }) {
  const { route, effect } = definition;
  const removes = (input: z.output<I>) => write.removesAccess?.(input) ?? effect === 'delete';

  const around = oncePerRequest<z.output<I>, Clients<P>>(route, (request, run, keyed) =>
    guarded(write, request, { route, removesAccess: removes(request.input) }, run, keyed),
  );
  return defineOperation(definition, around);
}

async function guarded<Input extends object, C>(
  write: WriteDeclaration<Input, C>,
  { input, clients, event, requestId, deadline }: Request<Input, C>,
  { route, removesAccess }: { route: string; removesAccess: boolean },
  run: () => Promise<unknown>,
  keyed?: KeyedRun,
): Promise<unknown> {
  const subject = write.subject(input);
  const [provider = '', id = ''] = subject.split(/:(.*)/s);
  if (removesAccess) refuseProtected(provider, id);
  const earlier = keyed?.takenOver && (await findSuccess(subject, keyed.storedKey));
  if (earlier) {
    const { outcome, verified } = earlier.answered ?? { outcome: write.outcome(input), verified: true };
    return { provider, ...idsOf(input), outcome, ...verificationOf(verified), response: null, warnings: lostAnswer };
  }
  const intent = {
    subject,
    requestId,
    caller: callerOf(event),
    operation: route,
    expects: await write.expects(input, clients),
    ...(keyed && { key: keyed.storedKey }),
  };
  return recordedWrite({ provider, intent, removesAccess }, deadline, run);
}

/** An earlier request with this key died on the way; the ledger knows what it did, once it is settled. */
async function findSuccess(subject: string, key: string): ReturnType<typeof findByKey> {
  const entry = await findByKey(subject, key);
  if (entry?.state === 'succeeded') return entry;
  if (entry?.state !== 'unknown') return undefined;
  throw new OperationError('provider_timeout', 'an earlier request with this Idempotency-Key has an unknown effect', {
    outcome: 'unknown',
    fix: 'Read the member, and send the request with a new key if it is still needed.',
  });
}

const verificationOf = (verified: boolean): Verification =>
  verified
    ? { verified }
    : { verified: 'unverified', reason: 'the answer to an earlier request with this key is lost' };

/** The ids among the input fields, in the providers' own spelling. */
const idsOf = (input: object): object =>
  Object.fromEntries(Object.entries(input).filter(([name]) => ['userid', 'userId', 'websiteId'].includes(name)));
