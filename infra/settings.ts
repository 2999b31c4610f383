import * as z from 'zod/mini';
import { fieldErrors } from '../functions/shared/schema.ts';

const stageError = 'must be 1 to 20 of the characters a-z 0-9 -, such as "prod"';

const jwt = z.strictObject({
  issuer: z.url({ protocol: /^https$/, error: 'must be an https URL' }),
  audience: z.array(z.string()).check(z.minLength(1, { error: 'must list at least one audience' })),
});

const whole = (least: number, most: number) => {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.int({ error }).check(z.minimum(least, { error }), z.maximum(most, { error }));
};

const idsError = 'must list ids, such as ["zhangsan"]';
/** They travel in one environment variable, separated by spaces; all variables of a function share 4 KB. */
const ids = z._default(
  z
    .array(
      z.string({ error: idsError }).check(z.regex(/^[^\s\p{Cc}]{1,128}$/u, { error: 'must be an id without spaces' })),
      {
        error: idsError,
      },
    )
    .check(z.refine((list) => Buffer.byteLength(list.join(' ')) <= 1_000, { error: 'must take at most 1,000 bytes' })),
  [],
);

const policyMode = z._default(z.enum(['report', 'apply'], { error: 'must be "report" or "apply"' }), 'report');

const secretArn = z.optional(
  z.string().check(
    z.regex(/^arn:aws[\w-]*:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@-]+-\w{6}$/, {
      error: 'must be the complete ARN of a secret, with its last six characters',
    }),
  ),
);

const settings = z.strictObject(
  {
    stage: z.string({ error: stageError }).check(z.regex(/^[a-z0-9-]{1,20}$/, { error: stageError })),
    auth: z._default(
      z.union([z.literal('iam'), z.strictObject({ jwt })], {
        error: 'must be "iam" or {"jwt": {"issuer": "https://…", "audience": ["…"]}}',
      }),
      'iam',
    ),
    egress: z._default(z.enum(['none', 'fixed'], { error: 'must be "none" or "fixed"' }), 'none'),
    alarmEmail: z.optional(z.email({ error: 'must be an e-mail address' })),
    approval: z._default(z.enum(['none', 'four-eyes'], { error: 'must be "none" or "four-eyes"' }), 'none'),
    graceDays: z._default(whole(0, 180), 30),
    planHours: z._default(whole(1, 168), 24),
    ledgerDays: z._default(whole(30, 3650), 400),
    fence: z.prefault(
      z.strictObject(
        {
          perRun: z._default(whole(1, 10_000), 20),
          percent: z._default(whole(1, 100), 10),
          perDay: z._default(whole(1, 10_000), 50),
        },
        { error: 'must be an object, such as {"perDay": 50}' },
      ),
      {},
    ),
    protected: z.prefault(
      z.strictObject(
        { wecom: ids, dingtalk: ids, wibiclick: ids },
        { error: 'must be an object, such as {"wecom": ["zhangsan"]}' },
      ),
      {},
    ),
    policies: z.prefault(
      z.strictObject(
        {
          roster: policyMode,
          'wecom-disabled': policyMode,
          'dingtalk-dismissed': policyMode,
          disabledDays: z._default(whole(1, 365), 30),
        },
        { error: 'must be an object, such as {"roster": "apply"}' },
      ),
      {},
    ),
    dingtalkCallsPerSecond: z._default(whole(1, 60), 10),
    trustSessionName: z._default(z.boolean({ error: 'must be true or false' }), false),
    existingSecretArns: z.prefault(
      z.strictObject(
        { wecom: secretArn, dingtalk: secretArn, wibiclick: secretArn },
        { error: 'must be an object, such as {"wecom": "arn:…"}' },
      ),
      {},
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
