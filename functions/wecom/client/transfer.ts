import { OperationError } from '../../shared/errors.ts';
import { lostAnswer, settle } from '../../shared/settle.ts';
import { type Fate, fateOf } from './transfer-codes.ts';
import type { Envelope } from './types.ts';

export interface TransferAnswer {
  /** WeCom's own answer; null when it was lost and the effect was read back. */
  response: Envelope | null;
  warnings: string[];
  /** One for each id that was sent, in the same order. */
  items: TransferItem[];
}

interface TransferItem {
  id: string;
  fate: Fate;
  /** WeCom's code for this one, where it gave one. */
  code?: string;
}

interface Transfer {
  ids: string[];
  send: (ids: string[]) => Promise<Envelope>;
  /** Which of the ids no transfer has reached yet, by reading. */
  untouched: (ids: string[]) => Promise<string[]>;
  /** WeCom's code for each id that it was sent, 0 for a success. */
  codesIn: (answer: Envelope) => (id: string) => number;
  success: Fate;
}

/**
 * Sends once; after a lost answer it reads, and sends once more what nothing has reached.
 * @throws OperationError with `outcome: "unknown"` when some were reached and the others were not
 */
export async function transfer({ ids, send, untouched, codesIn, success }: Transfer): Promise<TransferAnswer> {
  let rest = ids;
  const isApplied = async () => {
    rest = await untouched(rest);
    return rest.length === 0;
  };
  const { answer } = await settle({ send: () => send(rest), isApplied }).catch((error: unknown) => {
    throw error instanceof OperationError && rest.length < ids.length ? error.with({ outcome: 'unknown' }) : error;
  });
  const codeOf = answer && codesIn(answer);
  return {
    response: answer ?? null,
    warnings: rest.length < ids.length ? lostAnswer : [],
    items: ids.map((id) => itemOf(id, rest.includes(id) && codeOf ? codeOf(id) : 0, success)),
  };
}

const itemOf = (id: string, errcode: number, success: Fate): TransferItem =>
  errcode === 0 ? { id, fate: success } : { id, fate: fateOf(errcode), code: String(errcode) };
