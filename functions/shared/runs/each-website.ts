import { OperationError } from '../errors.ts';
import { PartlyDone } from './perform-step.ts';
import type { StepResult } from './run.ts';

/**
 * Does the same for each website; one that is refused keeps none of the others.
 * @throws PartlyDone with a refusal, and before all others one that may pass
 */
export async function forEachWebsite(
  websites: string[],
  act: (websiteId: string) => Promise<StepResult | undefined>,
): Promise<Record<string, StepResult>> {
  const results: Record<string, StepResult> = {};
  const refusals: OperationError[] = [];
  for (const websiteId of websites) {
    const result = await act(websiteId).catch((error: unknown) => {
      if (error instanceof OperationError) return error;
      throw error;
    });
    if (result instanceof OperationError) refusals.push(result);
    else if (result) results[websiteId] = result;
  }
  const refusal = refusals.find(({ retryable }) => retryable) ?? refusals[0];
  if (refusal) throw new PartlyDone(refusal, { websites: results });
  return results;
}
