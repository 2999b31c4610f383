import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { callerOf } from './caller.ts';
import { errorCodes, invalidInput, OperationError } from './errors.ts';
import { type KeyedRun, oncePerKey, Unstored } from './idempotency.ts';
import type { Around, Request } from './operation.ts';

type Answer = APIGatewayProxyStructuredResultV2;

type Perform<Input, C> = (
  request: Request<Input, C>,
  run: (storedKey?: string) => Promise<unknown>,
  keyed?: KeyedRun,
) => Promise<unknown>;

/** Carries out a request; one with an `Idempotency-Key` once for all replays. */
export const oncePerRequest =
  <Input extends object, C>(route: string, perform: Perform<Input, C>): Around<Input, C> =>
  async (request, run, { ofOutput, ofError }) => {
    const key = idempotencyKeyOf(request.event);
    if (key === undefined) return ofOutput(await perform(request, run));

    let failure: { error: unknown } | undefined;
    const keyedRequest = { key, route, caller: callerOf(request.event), payload: { ...request.input } };
    const answer = await oncePerKey(keyedRequest, request.context, async (keyed): Promise<Answer> => {
      try {
        return ofOutput(await perform(request, run, keyed));
      } catch (error) {
        failure = { error };
        if (mayRunAgain(error)) throw new Unstored(ofError(error));
        return ofError(error);
      }
    });
    if (failure) throw failure.error;
    return answer;
  };

function idempotencyKeyOf({ headers }: APIGatewayProxyEventV2): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined || /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  const message = 'must be 1 to 255 printable ASCII characters, without spaces';
  throw invalidInput([{ path: 'Idempotency-Key', message }]);
}

/** Nothing was applied, and the same request can succeed later. */
function mayRunAgain(error: unknown): boolean {
  if (!(error instanceof OperationError)) return false;
  const { code, outcome } = error;
  return code === 'halted' || code === 'locked' || (errorCodes[code].status === 503 && outcome === 'not_applied');
}
