import { fieldErrors, z } from '../functions/shared/schema.ts';

const settings = z.strictObject({
  stage: z
    .string()
    .check(z.regex(/^[a-z0-9-]{1,20}$/, { error: 'must be 1 to 20 of the characters a-z 0-9 -, such as "prod"' })),
  auth: z._default(
    z.union(
      [
        z.literal('iam'),
        z.strictObject({
          jwt: z.strictObject({
            issuer: z.url({ protocol: /^https$/ }),
            audience: z.array(z.string().check(z.minLength(1))).check(z.minLength(1)),
          }),
        }),
      ],
      { error: 'must be "iam" or {"jwt": {"issuer": "https://…", "audience": ["…"]}}' },
    ),
    'iam',
  ),
  dingtalkCallsPerSecond: z._default(z.int({ error: 'must be a whole number' }).check(z.minimum(1), z.maximum(60)), 10),
});

/** What an operator chooses, checked when the stack is synthesised; changed by redeploying only. */
export type Settings = z.output<typeof settings>;

/** A setting that an operator has to correct; its message says which and how. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * The context value `usher`: an object in `cdk.json`, a JSON string from `-c usher='{…}'`.
 * @throws SettingsError
 */
export function parseSettings(context: unknown): Settings {
  const result = settings.safeParse(typeof context === 'string' ? parseJson(context) : context);
  if (result.success) return result.data;
  const lines = fieldErrors(result.error.issues).map(({ path, message }) => `usher.${path}: ${message}`);
  throw new SettingsError(lines.join('\n'));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SettingsError('usher: must be a JSON object, such as {"stage": "dev"}');
  }
}
