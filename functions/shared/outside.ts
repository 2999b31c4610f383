import type { send } from './transport.ts';

export type Send = typeof send;

/** What a provider's API stands on. The doctor puts its own in place: a secret read just now, and calls that it watches. */
export interface Outside<Secret> {
  secret: { use<T>(use: (secret: Secret) => Promise<T>): Promise<T> };
  send: Send;
}
