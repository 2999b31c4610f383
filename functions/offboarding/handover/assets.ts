import { runKeptMs } from '../../shared/ledger.ts';
import { epochSeconds, type Item, store } from '../../shared/store.ts';

/** WeCom takes 100 customers or groups in one call (page section 8). */
const chunkSize = 100;

export type AssetKind = 'customers' | 'groups';

/** What is known of one customer or group of the leaver. */
export type AssetState =
  | { state: 'waiting'; taker: string; code?: string }
  | { state: 'scheduled'; taker: string; at: number }
  | { state: 'moved'; taker: string }
  | { state: 'left_over'; taker: string; code: string; at: number };

/** Up to 100 assets of one kind, which travel in one call. The ids are the provider's; nothing else is stored. */
export interface Chunk extends Item {
  kind: AssetKind;
  assets: Record<string, AssetState>;
  /** How many calls were made for it, the one under way included. */
  calls: number;
  /** The call that is under way, or whose function died before it could tell how it ended. */
  sending?: { taker: string; ids: string[]; at: number };
  /** When calls were made, and for how many. */
  sent: { at: number; count: number }[];
}

const partition = (runId: string): string => `run#${runId}`;
const prefix = 'assets#';

/** All chunks of a run, in the order in which they were noted. */
export async function loadChunks(runId: string): Promise<Chunk[]> {
  const chunks = await Array.fromAsync(store.queryAll(partition(runId), prefix));
  return (chunks as Chunk[]).reverse();
}

export const saveChunk = (chunk: Chunk): Promise<boolean> => store.put({ ...chunk, ttl: epochSeconds(runKeptMs()) });

/** Notes the assets that are not noted yet, for this taker. Doing it again adds nothing. */
export async function noteAssets(runId: string, kind: AssetKind, ids: string[], taker: string): Promise<void> {
  const chunks = await loadChunks(runId);
  const known = new Set(chunks.flatMap(({ assets }) => Object.keys(assets)));
  const fresh = [...new Set(ids)].filter((id) => !known.has(id));
  for (let start = 0; start < fresh.length; start += chunkSize) {
    const number = String(chunks.length + start / chunkSize).padStart(5, '0');
    const states = fresh
      .slice(start, start + chunkSize)
      .map((id): [string, AssetState] => [id, { state: 'waiting', taker }]);
    await saveChunk({
      pk: partition(runId),
      sk: `${prefix}${number}`,
      kind,
      assets: Object.fromEntries(states),
      calls: 0,
      sent: [],
    });
  }
}

export interface HandoverReport {
  moved: Record<AssetKind, string[]>;
  /** Not sent yet, or on their way: WeCom takes 24 hours. */
  pending: Record<AssetKind, string[]>;
  leftOver: { kind: AssetKind; id: string; code: string }[];
}

/** Where every customer and group of the leaver is; each stands in exactly one place. */
export function reportOf(chunks: Chunk[]): HandoverReport {
  const report: HandoverReport = {
    moved: { customers: [], groups: [] },
    pending: { customers: [], groups: [] },
    leftOver: [],
  };
  for (const { kind, assets } of chunks) {
    for (const [id, asset] of Object.entries(assets)) {
      if (asset.state === 'moved') report.moved[kind].push(id);
      else if (asset.state === 'left_over') report.leftOver.push({ kind, id, code: asset.code });
      else report.pending[kind].push(id);
    }
  }
  return report;
}
