import type { Deadline } from './clock.ts';
import type { OperationError } from './errors.ts';
import type { Expectation } from './ledger.ts';
import type { Effect, ObjectSchema } from './operation.ts';

/**
 * How the write to one account of a batch ended: as the operation answers it, or as it fails. The failure `not_found`
 * says that there was no such account; `outcome` of any failure says whether it may have taken effect all the same.
 */
export type BulkEnd = object | OperationError;

/** A better way to change many accounts than one after the other. */
export interface Bulk<Input, C> {
  /** The most accounts of one batch. */
  size: number;
  /** How many batches may be under way at the same time. */
  lanes: number;
  /** @returns how each write ended, in the order of the inputs */
  run(inputs: Input[], clients: C): Promise<BulkEnd[]>;
}

/** A write of one account as a job carries it out, many times. Inputs are those that its schema has parsed. */
export interface BulkOperation {
  summary: string;
  description?: string;
  provider: string;
  effect: Effect;
  input: ObjectSchema;
  /** `<provider>:<id>`, lower case where the provider ignores case. */
  subject(input: object): string;
  /** The `outcome` of a success. */
  outcome(input: object): string;
  removesAccess(input: object): boolean;
  /** Who takes over from the account, by field. */
  takers(input: object): { path: string; userid: string }[];
  size: number;
  lanes: number;
  /** Makes the clients for one slice of work, without any I/O. */
  connect(deadline: Deadline): ConnectedBulk;
}

export interface ConnectedBulk {
  expects(input: object): Promise<Expectation>;
  run(inputs: object[]): Promise<BulkEnd[]>;
}
