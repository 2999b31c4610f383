import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type * as z from 'zod/mini';
import { clock } from './clock.ts';
import { secretIdEnv } from './env-names.ts';
import { OperationError } from './errors.ts';
import { fieldErrors } from './schema.ts';

const cacheMs = 5 * 60_000;
let client: SecretsManagerClient | undefined;

interface Cached {
  text: Promise<string>;
  readAt: number;
}

/** The secret of one provider, cached for 5 minutes; callers at the same time share one read, and a failed one is forgotten. */
export class ProviderSecret<Schema extends z.ZodMiniType> {
  readonly #provider: string;
  readonly #schema: Schema;
  #cached: Cached | undefined;

  constructor(provider: string, schema: Schema) {
    this.#provider = provider;
    this.#schema = schema;
  }

  /**
   * Runs `use` with the secret. When the provider refuses the credential the secret is read once more, and if it was
   * changed meanwhile `use` runs again: a rotated secret works without a redeploy.
   */
  async use<T>(use: (secret: z.infer<Schema>) => Promise<T>): Promise<T> {
    const text = await this.#read();
    try {
      return await use(this.#parse(text));
    } catch (error) {
      if (!(error instanceof OperationError) || error.code !== 'provider_credentials') throw error;
      this.#cached = undefined;
      const fresh = await this.#read();
      if (fresh === text) throw error;
      return use(this.#parse(fresh));
    }
  }

  #read(): Promise<string> {
    if (!this.#cached || clock.now() - this.#cached.readAt > cacheMs) {
      const cached = { text: fetchSecret(this.#provider), readAt: clock.now() };
      this.#cached = cached;
      cached.text.catch(() => {
        if (this.#cached === cached) this.#cached = undefined;
      });
    }
    return this.#cached.text;
  }

  #parse(text: string): z.infer<Schema> {
    const result = this.#schema.safeParse(jsonOrNothing(text));
    if (result.success) return result.data;
    const fields = fieldErrors(result.error.issues).map(({ path, message }) => `${path}: ${message}`);
    throw unusable(this.#provider, `is not what Usher expects (${fields.join('; ')})`);
  }
}

async function fetchSecret(provider: string): Promise<string> {
  const id = secretId(provider);
  client ??= new SecretsManagerClient({ maxAttempts: 2 });
  try {
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: id }));
    return SecretString;
  } catch (error) {
    throw unusable(provider, `cannot be read (${Error.isError(error) ? error.name : 'unknown reason'})`);
  }
}

function secretId(provider: string): string {
  const id = process.env[secretIdEnv(provider)];
  if (!id) throw new Error(`the environment lacks ${secretIdEnv(provider)}`);
  return id;
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const unusable = (provider: string, what: string): OperationError =>
  new OperationError('provider_credentials', `the secret of ${provider} ${what}`, {
    provider: { name: provider },
    fix: `Put a JSON object with the credentials into ${secretId(provider)}; the README lists its keys.`,
  });
