import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type * as z from 'zod/mini';
import { clock } from './clock.ts';
import { secretIdEnv } from './env-names.ts';
import { OperationError } from './errors.ts';
import { fieldErrors } from './schema.ts';

const cacheMs = 5 * 60_000;
/** Failures of Secrets Manager that trying again does not mend. */
const lasting = ['ResourceNotFoundException', 'AccessDeniedException', 'DecryptionFailure', 'InvalidRequestException'];
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
    const used = this.#current();
    const text = await used.text;
    try {
      return await use(this.#parse(text));
    } catch (error) {
      if (!(error instanceof OperationError) || error.code !== 'provider_credentials') throw error;
      this.#forget(used);
      const fresh = await this.#current().text;
      if (fresh === text) throw error;
      return use(this.#parse(fresh));
    }
  }

  #current(): Cached {
    if (this.#cached && clock.now() - this.#cached.readAt <= cacheMs) return this.#cached;
    const cached = { text: fetchSecret(this.#provider), readAt: clock.now() };
    cached.text.catch(() => this.#forget(cached));
    this.#cached = cached;
    return cached;
  }

  #forget(cached: Cached): void {
    if (this.#cached === cached) this.#cached = undefined;
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
  client ??= new SecretsManagerClient({
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000 },
  });
  try {
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: id }));
    return SecretString;
  } catch (error) {
    const reason = Error.isError(error) ? error.name : 'unknown reason';
    throw unusable(provider, `cannot be read (${reason})`).with({ retryable: !lasting.includes(reason) });
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
