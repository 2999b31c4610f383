import type * as z from 'zod/mini';
import { oncePerRequest } from './keyed.ts';
import { type Definition, defineOperation, type ObjectSchema, type Providers } from './operation.ts';

/**
 * Makes the Lambda of a route that changes what Usher holds, and no account itself: with an `Idempotency-Key` it is
 * carried out once for all replays.
 */
export const defineCommand = <I extends ObjectSchema, O extends z.ZodMiniType, P extends Providers>(
  definition: Definition<I, O, P>,
) =>
  defineOperation(
    definition,
    oncePerRequest(definition.route, (_request, run, keyed) => run(keyed?.storedKey)),
  );
