import * as z from 'zod/mini';
import { fieldErrors } from '../functions/shared/schema.ts';

const stageError = 'must be 1 to 20 of the characters a-z 0-9 -, such as "prod"';

const jwt = z.strictObject({
  issuer: z.url({ protocol: /^https$/, error: 'must be an https URL' }),
  audience: z.array(z.string()).check(z.minLength(1, { error: 'must list at least one audience' })),
});

const settings = z.strictObject(
  {
    stage: z.string({ error: stageError }).check(z.regex(/^[a-z0-9-]{1,20}$/, { error: stageError })),
    auth: z._default(
      z.union([z.literal('iam'), z.strictObject({ jwt })], {
        error: 'must be "iam" or {"jwt": {"issuer": "https://…", "audience": ["…"]}}',
      }),
      'iam',
    ),
    dingtalkCallsPerSecond: z._default(
      z.int({ error: 'must be a whole number from 1 to 60' }).check(z.minimum(1), z.maximum(60)),
      10,
    ),
  },
  { error: 'must be a JSON object, such as {"stage": "dev"}' },
);

/** What an operator chooses. Checked at synth; changed by redeploying only. */
export type Settings = z.output<typeof settings>;

/** A setting that an operator has to correct; the message says which and how. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * Reads the context value `usher`: an object in `cdk.json`, a JSON string when given as `-c usher='{…}'`.
 * @throws SettingsError
 */
export function parseSettings(context: unknown): Settings {
  const usher = typeof context === 'string' ? jsonOrNothing(context) : context;
  const result = z.object({ usher: settings }).safeParse({ usher });
  if (result.success) return result.data.usher;
  throw new SettingsError(
    fieldErrors(result.error.issues)
      .map(({ path, message }) => `${path}: ${message}`)
      .join('\n'),
  );
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
