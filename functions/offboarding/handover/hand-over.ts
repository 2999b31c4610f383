import { clock } from '../../shared/clock.ts';
import { OperationError } from '../../shared/errors.ts';
import type { StepEnd } from '../../shared/runs/perform-step.ts';
import { writeUnlessSo } from '../../shared/runs/run-write.ts';
import { isReached } from '../../wecom/client/customers.ts';
import { subjectOf } from '../../wecom/client/member.ts';
import type { TransferAnswer } from '../../wecom/client/transfer.ts';
import type { Performed } from '../accounts/account.ts';
import { type AssetState, type Chunk, loadChunks, noteAssets, reportOf, saveChunk } from './assets.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** WeCom hands over 300 groups of one owner a day (page section 8). */
const groupsPerDay = 300;
/** A refusal can show at once; a transfer ends by itself after 24 hours (page section 8). */
const pollAfterMs = [hourMs, 6 * hourMs, dayMs + 10 * 60_000];
/** Calls of one round are asked about together. */
const slackMs = 60_000;
const laterMs = 10 * 60_000;
/** What WeCom has not ended, or taken, by then is for a person. */
const patienceMs = 2 * dayMs;
const reserveMs = 12_000;

export interface Handover {
  leaver: string;
  taker: string;
  fallback: string | undefined;
}

/**
 * Hands the customers and groups of a member who has left over to the taker: each is sent, and a customer is followed
 * until WeCom says what became of it. One call after the other, since WeCom refuses two at a time for one member.
 * What a taker cannot have goes to the fallback, if there is one; what nobody can have is left over, and listed.
 */
export async function handOver(performed: Performed, handover: Handover): Promise<StepEnd> {
  const chunks = await loadAllChunks(performed, handover);
  const { retriedAt } = performed.run.steps[performed.stepId] ?? {};
  if (retriedAt !== undefined) await tryLeftOversAgain(chunks, handover, retriedAt);

  for (const chunk of chunks) {
    while (sendableAt(chunk, chunks) <= clock.now()) {
      if (performed.deadline.msLeft < reserveMs) return { againInMs: 1_000, ...told(chunks, 'there is more to send') };
      if (!chunk.sending) await leaveToOthers(performed, chunk, handover);
      if (chunk.sending || waitingIn(chunk).length > 0) await sendChunk(performed, chunk, handover);
    }
  }
  await follow(performed, chunks, handover);
  return endOf(chunks);
}

/**
 * What the snapshot noted, and before the first call what came to the leaver since: disabling and removing may have had
 * to wait.
 */
async function loadAllChunks({ run, clients }: Performed, { leaver, taker }: Handover): Promise<Chunk[]> {
  const noted = await loadChunks(run.id);
  if (noted.some(({ calls }) => calls > 0)) return noted;
  const { customers } = clients.wecom;
  const [held, groups] = await Promise.all([customers.unassignedOf(leaver), customers.groupsAwaiting(leaver)]);
  await noteAssets(run.id, 'customers', held, taker);
  await noteAssets(run.id, 'groups', [...groups], taker);
  return loadChunks(run.id);
}

/** A transfer of groups does not say whose they are, so those that somebody has taken over since are not sent. */
async function leaveToOthers({ clients }: Performed, chunk: Chunk, { leaver }: Handover): Promise<void> {
  if (chunk.kind !== 'groups') return;
  const awaiting = await clients.wecom.customers.groupsAwaiting(leaver);
  const others = waitingIn(chunk).filter((id) => !awaiting.has(id));
  if (others.length === 0) return;
  for (const id of others) {
    chunk.assets[id] = {
      state: 'left_over',
      taker: chunk.assets[id]?.taker ?? '',
      code: 'other_owner',
      at: clock.now(),
    };
  }
  await saveChunk(chunk);
}

/** When something of the chunk is to be sent next; never is infinite. */
function sendableAt(chunk: Chunk, chunks: Chunk[]): number {
  if (!chunk.sending && waitingIn(chunk).length === 0) return Number.POSITIVE_INFINITY;
  return Math.max(chunk.sending ? 0 : laterAt(chunk), nextAllowance(chunk, chunks));
}

/** WeCom has said "later" a moment ago. */
const laterAt = ({ assets, sent }: Chunk): number =>
  Object.values(assets).some(isPutOff) ? (sent.at(-1)?.at ?? 0) + laterMs : 0;

const isPutOff = (asset: AssetState): boolean => asset.state === 'waiting' && asset.code !== undefined;

/** The ids of a chunk that wait for the same taker. */
function waitingIn({ assets }: Chunk): string[] {
  const waiting = Object.entries(assets).filter(([, { state }]) => state === 'waiting');
  const [, first] = waiting[0] ?? [];
  return waiting.filter(([, { taker }]) => taker === first?.taker).map(([id]) => id);
}

/** From when the groups of the chunk may be sent. What may have been sent counts as sent. */
function nextAllowance(chunk: Chunk, chunks: Chunk[]): number {
  if (chunk.kind !== 'groups') return 0;
  const recent = chunks
    .filter(({ kind }) => kind === 'groups')
    .flatMap((other) => [...other.sent, ...(other.sending && other !== chunk ? [callOf(other.sending)] : [])])
    .filter(({ at }) => at > clock.now() - dayMs)
    .toSorted((a, b) => a.at - b.at);
  const room = groupsPerDay - (chunk.sending?.ids ?? waitingIn(chunk)).length;
  let used = recent.reduce((sum, { count }) => sum + count, 0);
  let allowedAt = 0;
  for (const { at, count } of recent) {
    if (used <= room) break;
    used -= count;
    allowedAt = at + dayMs + slackMs;
  }
  return allowedAt;
}

const callOf = ({ at, ids }: NonNullable<Chunk['sending']>) => ({ at, count: ids.length });

/** One call, noted before it is made: if this dies on the way, the next attempt makes the same call or none. */
async function sendChunk(performed: Performed, chunk: Chunk, handover: Handover): Promise<void> {
  const sending = { ...(chunk.sending ?? newCall(chunk, handover)), at: clock.now() };
  if (!chunk.sending) chunk.calls += 1;
  chunk.sending = sending;
  await saveChunk(chunk);
  const items = await itemsOf(performed, chunk, { ...handover, ...sending }).catch(async (error: unknown) => {
    if (await isTakerGone(performed, sending.taker, error)) {
      return sending.ids.map((id) => ({ id, fate: 'other_taker' as const, code: 'taker_not_found' }));
    }
    const nothingMoved = error instanceof OperationError && error.outcome === 'not_applied' && error.code !== 'locked';
    if (nothingMoved) {
      delete chunk.sending;
      chunk.calls -= 1;
      await saveChunk(chunk);
    }
    throw error;
  });
  for (const { id, fate, code = '0' } of items) {
    chunk.assets[id] = stateAfter(fate, { taker: sending.taker, code, handover, since: beganAt(performed, chunk) });
  }
  delete chunk.sending;
  chunk.sent.push(callOf(sending));
  await saveChunk(chunk);
}

/** When the attempts began that a "later" prolongs: those that a person asked for begin anew. */
function beganAt({ run, stepId }: Performed, { sent }: Chunk): number | undefined {
  const { retriedAt = 0 } = run.steps[stepId] ?? {};
  return sent.find(({ at }) => at >= retriedAt)?.at;
}

/** WeCom answers the same when it knows the leaver or the taker not, so the taker is looked for. */
async function isTakerGone({ clients }: Performed, taker: string, error: unknown): Promise<boolean> {
  if (!(error instanceof OperationError) || error.code !== 'not_found') return false;
  return (await clients.wecom.identities.find(taker)) === undefined;
}

function newCall(chunk: Chunk, { taker }: Handover): { taker: string; ids: string[] } {
  const ids = waitingIn(chunk);
  return { ids, taker: chunk.assets[ids[0] ?? '']?.taker ?? taker };
}

interface TransferCall {
  leaver: string;
  taker: string;
  ids: string[];
}

/** What became of each id: by WeCom's answer, or by reading when an earlier attempt made this very call. */
async function itemsOf(performed: Performed, chunk: Chunk, call: TransferCall): Promise<TransferAnswer['items']> {
  const { run, stepId, deadline, clients } = performed;
  const { leaver, taker, ids } = call;
  const { customers } = clients.wecom;
  let answer: TransferAnswer | undefined;
  const write = {
    run,
    stepId,
    part: `${chunk.sk}/${chunk.calls}`,
    subject: subjectOf({ userid: leaver }),
    outcome: 'handed_over',
    expects: { userid: leaver, taker, [chunk.kind]: ids },
    removesAccess: false,
    msLeft: deadline.msLeft,
  };
  await writeUnlessSo(write, async () => {
    answer =
      chunk.kind === 'customers'
        ? await customers.transferCustomers({ handover_userid: leaver, takeover_userid: taker }, ids)
        : await customers.transferGroups({ handover_userid: leaver, new_owner: taker }, ids);
    const { warnings, response, items } = answer;
    if (!items.some(({ fate }) => fate === 'scheduled' || fate === 'moved')) {
      return { outcome: 'nothing_handed_over', refusal: new OperationError('provider_rejected', 'WeCom took none') };
    }
    const reason = 'WeCom accepted the call; what becomes of each is followed';
    return { outcome: 'handed_over', verified: 'unverified' as const, reason, warnings, response };
  });
  return answer?.items ?? reachedBy(performed, chunk, call);
}

/** The ids that a call has reached, as WeCom shows them; the others wait on. */
async function reachedBy({ clients }: Performed, { kind }: Chunk, { leaver, taker, ids }: TransferCall) {
  const { customers } = clients.wecom;
  if (kind === 'customers') {
    const results = await customers.transferResults({ handover_userid: leaver, takeover_userid: taker });
    const reached = new Set(results.filter(isReached).map(({ external_userid }) => external_userid));
    return ids.filter((id) => reached.has(id)).map((id) => ({ id, fate: 'scheduled' as const }));
  }
  const awaiting = await customers.groupsAwaiting(leaver);
  return ids.filter((id) => !awaiting.has(id)).map((id) => ({ id, fate: 'moved' as const }));
}

/** Asks WeCom what became of the customers on their way, where it can have something to say. */
async function follow({ clients }: Performed, chunks: Chunk[], handover: Handover): Promise<void> {
  const { leaver, taker, fallback } = handover;
  for (const takeover_userid of [taker, ...(fallback ? [fallback] : [])]) {
    const isDue = (asset: AssetState) =>
      asset.state === 'scheduled' &&
      asset.taker === takeover_userid &&
      clock.now() >= asset.at + Math.min(...pollAfterMs) - slackMs;
    const due = chunks.filter(({ assets }) => Object.values(assets).some(isDue));
    if (due.length === 0) continue;
    const results = await clients.wecom.customers.transferResults({ handover_userid: leaver, takeover_userid });
    const statuses = new Map(results.map(({ external_userid, status }) => [external_userid, status]));
    for (const chunk of due) {
      for (const [id, asset] of Object.entries(chunk.assets).filter(([, asset]) => isDue(asset))) {
        chunk.assets[id] = stateOfResult(statuses.get(id), asset, handover);
      }
      await saveChunk(chunk);
    }
  }
}

function stateOfResult(status: number | undefined, asset: AssetState, handover: Handover): AssetState {
  const { taker } = asset;
  if (status === 1) return { state: 'moved', taker };
  if (status === 3) return stateAfter('other_taker', { taker, code: 'customer_refused', handover });
  if (status === 4) return stateAfter('other_taker', { taker, code: 'customer_limit_exceed', handover });
  return asset;
}

function stateAfter(
  fate: TransferAnswer['items'][number]['fate'],
  { taker, code, handover, since }: { taker: string; code: string; handover: Handover; since?: number | undefined },
): AssetState {
  const now = clock.now();
  if (fate === 'scheduled') return { state: 'scheduled', taker, at: now };
  if (fate === 'moved') return { state: 'moved', taker };
  if (fate === 'later' && now - (since ?? now) < patienceMs) return { state: 'waiting', taker, code };
  const other = fate === 'other_taker' && taker === handover.taker ? handover.fallback : undefined;
  return other ? { state: 'waiting', taker: other } : { state: 'left_over', taker, code, at: now };
}

/** A person has asked for another attempt then. What was left over since has had it. */
async function tryLeftOversAgain(chunks: Chunk[], { taker }: Handover, retriedAt: number): Promise<void> {
  for (const chunk of chunks) {
    const leftOver = Object.entries(chunk.assets).filter(
      ([, asset]) => asset.state === 'left_over' && asset.at < retriedAt,
    );
    if (leftOver.length === 0) continue;
    for (const [id] of leftOver) chunk.assets[id] = { state: 'waiting', taker };
    await saveChunk(chunk);
  }
}

function endOf(chunks: Chunk[]): StepEnd {
  const now = clock.now();
  const polls = chunks.flatMap(({ assets }) => Object.values(assets)).flatMap((asset) => nextPoll(asset, now));
  const next = [...polls, ...chunks.map((chunk) => sendableAt(chunk, chunks))].filter(Number.isFinite);
  if (next.length > 0) {
    const reason = 'WeCom takes 24 hours for a customer, and 300 groups a day';
    return { againInMs: Math.max(1_000, Math.min(...next) - now), ...told(chunks, reason) };
  }
  const { pending, leftOver } = reportOf(chunks);
  const isWhole = [leftOver, pending.customers, pending.groups].every(({ length }) => length === 0);
  if (isWhole) return { status: 'succeeded', result: told(chunks, '').result };
  const reason = 'not everything found a new owner: `handover` lists it. Retry, or hand it over in the console.';
  return { status: 'needs_attention', ...told(chunks, reason) };
}

/** When to ask about a customer on its way, while there is hope. */
function nextPoll(asset: AssetState, now: number): number[] {
  if (asset.state !== 'scheduled' || now - asset.at > patienceMs) return [];
  return [pollAfterMs.map((after) => asset.at + after).find((time) => time > now + slackMs) ?? now + hourMs];
}

/** Counts only; which ones stands in the report. */
function told(chunks: Chunk[], reason: string) {
  const { moved, pending, leftOver } = reportOf(chunks);
  const count = ({ customers, groups }: Record<'customers' | 'groups', string[]>) => ({
    customers: customers.length,
    groups: groups.length,
  });
  return { reason, result: { moved: count(moved), pending: count(pending), leftOver: leftOver.length } };
}
