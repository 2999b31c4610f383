import type * as z from 'zod/mini';
import type { Bulk, BulkEnd, BulkOperation } from './bulk.ts';
import { callerOf } from './caller.ts';
import type { Deadline } from './clock.ts';
import { asFailure, OperationError } from './errors.ts';
import { refuseProtected } from './fence.ts';
import { haltPermit } from './halt.ts';
import type { KeyedRun } from './idempotency.ts';
import { oncePerRequest } from './keyed.ts';
import { type Expectation, findByKey } from './ledger.ts';
import {
  type Clients,
  connectAll,
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
  /** Who takes over from the account, by field: a job must not remove them too. */
  takers?(input: Input): { path: string; userid: string }[];
  /** How a job changes many accounts; by default one call of `run` for each, some of them side by side. */
  bulk?: Bulk<Input, C>;
}

interface WriteDefinition<I extends ObjectSchema, O extends z.ZodMiniType, P extends Providers>
  extends Omit<Definition<I, O, P>, 'run'> {
  run(input: z.output<I>, clients: Clients<P>): Promise<z.input<O>>;
  write: WriteDeclaration<z.output<I>, Clients<P>>;
}

/**
 * Makes the Lambda of a route with an effect: performed under lock, ledger and fence, and with an `Idempotency-Key`
 * once for all replays. `bulk` is the same write as a job carries it out.
 */
export function defineWrite<I extends ObjectSchema, O extends z.ZodMiniType, P extends Providers>(
  definition: WriteDefinition<I, O, P>,
) {
  const { write, ...declared } = definition;
  const { route, effect } = definition;
  const removes = (input: z.output<I>) => write.removesAccess?.(input) ?? effect === 'delete';

  const around = oncePerRequest<z.output<I>, Clients<P>>(route, (request, run, keyed) =>
    guarded(write, request, { route, removesAccess: removes(request.input) }, run, keyed),
  );
  return Object.assign(defineOperation(declared, around, haltPermit), { bulk: bulkOf(definition, removes) });
}

const lanes = 2;
const size = 20;

/** The types of the input end here: a job parses each row by the schema before it hands it on. */
function bulkOf<I extends ObjectSchema, O extends z.ZodMiniType, P extends Providers>(
  { summary, description, effect, input, providers, run, write }: WriteDefinition<I, O, P>,
  removesAccess: (input: z.output<I>) => boolean,
): BulkOperation {
  const [provider = ''] = Object.keys(providers);
  const sendAll = (inputs: z.output<I>[], clients: Clients<P>): Promise<BulkEnd[]> =>
    Promise.all(inputs.map((given) => run(given, clients).then((output) => output as object, asFailure)));
  const bulk: Bulk<z.output<I>, Clients<P>> = write.bulk ?? { size, lanes, run: sendAll };
  return {
    summary,
    ...(description !== undefined && { description }),
    provider,
    effect,
    input,
    subject: (given) => write.subject(given as z.output<I>),
    outcome: (given) => write.outcome(given as z.output<I>),
    removesAccess: (given) => removesAccess(given as z.output<I>),
    takers: (given) => write.takers?.(given as z.output<I>) ?? [],
    size: bulk.size,
    lanes: bulk.lanes,
    connect: (deadline: Deadline) => {
      const clients = connectAll(providers, deadline);
      return {
        expects: (given) => write.expects(given as z.output<I>, clients),
        run: (inputs) => bulk.run(inputs as z.output<I>[], clients),
      };
    },
  };
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
    outcome: write.outcome(input),
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
