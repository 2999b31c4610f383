import * as z from 'zod/mini';
import type { Examination, Finding } from '../../shared/checkup.ts';
import { secretIdEnv } from '../../shared/env-names.ts';
import { fieldErrors } from '../../shared/schema.ts';
import { ProviderSecret } from '../../shared/secrets.ts';

const anyObject = z.record(z.string(), z.unknown());
export type SecretValues = z.infer<typeof anyObject>;

/** The secret as it is now, past every cache. @throws OperationError `provider_credentials` */
export const readValues = (provider: string): Promise<SecretValues> =>
  new ProviderSecret(provider, anyObject).use(async (values) => values);

/** The placeholder that the stack puts in place. */
export const isPlaceholder = (values: SecretValues): boolean => Object.keys(values).length === 0;

export const notConfigured = (provider: string): Finding => ({
  code: 'provider_credentials',
  severity: 'warning',
  what: `secret: ${provider} is not configured; its secret is still {}`,
  fix: `If ${provider} shall be used, put its credentials into ${secretId(provider)}; the README lists the keys.`,
});

/** What is wrong with the keys, each by its name and without its value. */
export const malformedKeys = (provider: string, values: SecretValues, { issues }: z.core.$ZodError): Finding[] =>
  fieldErrors(issues).map(({ path, message }) => ({
    code: 'provider_credentials',
    severity: 'error',
    what: path in values ? `secret: ${path} is malformed: ${message}` : `secret: ${path} is missing`,
    fix: `Correct ${path} in ${secretId(provider)}; the README says what it holds.`,
  }));

export const missingKeys = <Secret>({ provider, optionalKeys }: Examination<Secret>, values: SecretValues): Finding[] =>
  optionalKeys
    .filter(({ key }) => values[key] === undefined)
    .map(({ key, loses }) => ({
      code: 'provider_credentials',
      severity: 'warning',
      what: `secret: ${key} is missing; without it ${loses}`,
      fix: `If you need that, add ${key} to ${secretId(provider)}.`,
    }));

const secretId = (provider: string): string => process.env[secretIdEnv(provider)] ?? `the secret of ${provider}`;
