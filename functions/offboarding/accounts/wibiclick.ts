import { OperationError } from '../../shared/errors.ts';
import { protection } from '../../shared/fence.ts';
import { forEachWebsite } from '../../shared/runs/each-website.ts';
import { alreadyAbsent, PartlyDone, type StepEnd } from '../../shared/runs/perform-step.ts';
import type { Step, Steps } from '../../shared/runs/run.ts';
import { findEarlier, mayHaveActed, writeOnce } from '../../shared/runs/run-write.ts';
import { disconnectAll } from '../../wibiclick/client/disconnect-all.ts';
import type { Website } from '../../wibiclick/client/types.ts';
import type { OffboardingRequest } from '../request/request.ts';
import {
  type AccountPlan,
  changesNothing,
  differs,
  needsAttention,
  nothingToRestore,
  type Perform,
  type Performed,
  planned,
  unknownAccount,
  type WibiclickState,
} from './account.ts';
import type { OffboardingClients } from './clients.ts';

const provider = 'wibiclick';

/** Reads the account for the plan. */
export async function planWibiclick(
  { accounts }: OffboardingRequest,
  wibiclick: OffboardingClients['wibiclick'],
): Promise<AccountPlan & { state: WibiclickState | null }> {
  const { userId = '', websites: wanted } = accounts.wibiclick ?? {};
  const found = await find(wibiclick, userId);
  const websites = (found ?? []).map(({ id }) => String(id)).sort();
  const chosen = wanted ? websites.filter((id) => wanted.includes(id)) : websites;
  const unknown = (wanted ?? []).filter((id) => !websites.includes(id));
  return {
    state: found ? { userId, websites, chosen } : null,
    steps: stepsOf(userId, chosen),
    warnings: [
      'account_stays: WibiClick has no call that closes an account, and a session that is open may last: only the websites are disconnected.',
      ...(found?.length === 0
        ? [
            `no_websites: ${userId} is connected to no WibiClick website, or WibiClick does not know this user: it may answer the same.`,
          ]
        : []),
      ...(unknown.length > 0
        ? [`not_connected: ${userId} is not connected to the websites ${unknown.join(', ')}.`]
        : []),
    ],
    refusals: [
      ...(found ? [] : [unknownAccount('accounts.wibiclick.userId', userId, provider)]),
      ...protection(provider, userId),
    ],
    removals: chosen.length,
  };
}

/** @returns undefined when WibiClick says that there is no such user; it may also answer an empty list */
const find = (wibiclick: OffboardingClients['wibiclick'], userId: string): Promise<Website[] | undefined> =>
  wibiclick.websitesOf(userId).catch((error: unknown) => {
    if (error instanceof OperationError && error.code === 'not_found') return undefined;
    throw error;
  });

const stepsOf = (userId: string, chosen: string[]): Steps => ({
  'wibiclick.disable': planned(provider, 'disable', {
    what: `Disconnect the WibiClick user ${userId} from ${chosen.length > 0 ? `the websites ${chosen.join(', ')}` : 'no website'}`,
    undo: 'Cancel the run before the removal: the websites are connected again, with a role that WibiClick chooses.',
  }),
  'wibiclick.remove': planned(provider, 'remove', {
    what: `Nothing more than the disconnection: read that ${userId} is still connected to nothing else than before`,
    undo: changesNothing,
    after: ['wibiclick.disable'],
  }),
  'wibiclick.handover': planned(provider, 'handover', {
    what: `Hand over what ${userId} works on`,
    undo: changesNothing,
    status: 'unsupported',
    reason: 'WibiClick publishes no call for it; reassign notes and activities in its own pages',
  }),
  'wibiclick.verify': planned(provider, 'verify', {
    what: `Read that ${userId} is connected to none of these websites`,
    undo: changesNothing,
    after: ['wibiclick.remove'],
  }),
});

/** What to do for each step. */
export const wibiclickSteps: Record<string, Perform> = {
  'wibiclick.disable': disable,
  'wibiclick.remove': remove,
  'wibiclick.verify': verify,
  'wibiclick.restore': restore,
};

export const wibiclickRestore = (run: Performed['run']): Step =>
  planned(provider, 'restore', {
    what: `Connect the WibiClick user ${stateOf(run).userId} again to the websites that this run disconnected`,
    undo: 'Disconnect the user.',
  });

const stateOf = ({ facts }: Performed['run']): WibiclickState =>
  facts.accounts.wibiclick ?? { userId: '', websites: [], chosen: [] };

async function disable(performed: Performed): Promise<StepEnd> {
  const { run, clients } = performed;
  const { userId, websites, chosen } = stateOf(run);
  const listed = await find(clients.wibiclick, userId);
  if (!listed) return { status: 'succeeded', result: alreadyAbsent };
  const ids = listed.map(({ id }) => String(id));
  const missing = websites.filter((id) => !ids.includes(id));
  const ours = await Promise.all(missing.map((id) => findEarlier(writeOf(performed, id))));
  const isChanged = ids.some((id) => !websites.includes(id)) || ours.includes(undefined);
  if (isChanged) throw differs(['the websites']);

  const toDisconnect = listed.filter(({ id }) => chosen.includes(String(id)));
  const outcomes = await disconnectAll(clients.wibiclick, { userId, websites: toDisconnect }, (website, send) =>
    sendAnew(performed, String(website.id), send),
  );
  const refused = Object.values(outcomes).find((outcome) => outcome instanceof OperationError);
  const disconnected = chosen.filter((id) => !(outcomes[id] instanceof OperationError));
  const result = {
    outcome: 'disconnected',
    verified: true,
    websites: Object.fromEntries(disconnected.map((id) => [id, 'disconnected'])),
  };
  if (refused) throw new PartlyDone(refused, result);
  return { status: 'succeeded', result };
}

/** A website that is listed although an earlier write succeeded is still connected: it is sent again, as another write. */
async function sendAnew(performed: Performed, websiteId: string, send: Parameters<typeof writeOnce>[1]): Promise<void> {
  let isSent = false;
  for (let time = 1; !isSent; time++) {
    await writeOnce(writeOf(performed, websiteId, time), () => {
      isSent = true;
      return send();
    });
  }
}

/** Whatever was connected meanwhile was not connected by accident. */
async function remove({ run, clients }: Performed): Promise<StepEnd> {
  const { userId, websites, chosen } = stateOf(run);
  const listed = await find(clients.wibiclick, userId);
  if (!listed) return { status: 'succeeded', result: alreadyAbsent };
  const ids = listed.map(({ id }) => String(id)).sort();
  const left = websites.filter((id) => !chosen.includes(id));
  if (String(ids) !== String(left)) throw differs(['the websites']);
  return { status: 'succeeded', result: { outcome: 'nothing_more_to_remove', verified: true } };
}

async function verify({ run, clients }: Performed): Promise<StepEnd> {
  const { userId, chosen } = stateOf(run);
  const ids = ((await find(clients.wibiclick, userId)) ?? []).map(({ id }) => String(id));
  return chosen.some((id) => ids.includes(id))
    ? needsAttention('the user is connected again, or still')
    : { status: 'succeeded', result: { outcome: 'disconnected', verified: true } };
}

async function restore(performed: Performed): Promise<StepEnd> {
  const { run, clients } = performed;
  const { userId, chosen } = stateOf(run);
  const results = await forEachWebsite(chosen, async (id) => {
    if (!(await mayHaveActed({ ...writeOf(performed, id), stepId: 'wibiclick.disable' }))) return undefined;
    const website = await clients.wibiclick.website(id);
    const write = {
      ...writeOf(performed, id),
      outcome: 'connected',
      expects: { userId, websiteId: website.id, connected: true },
      removesAccess: false,
      evenHalted: true,
    };
    return writeOnce(write, () => clients.wibiclick.connect({ userId, websiteId: website.id }));
  });
  if (Object.keys(results).length === 0) return nothingToRestore;
  const reason = 'WibiClick takes no role: which one the user has now is unverified';
  const websites = Object.fromEntries(Object.entries(results).map(([id, { outcome }]) => [id, outcome]));
  return { status: 'succeeded', reason, result: { outcome: 'connected', role: 'unverified', websites } };
}

/** @param time the first write to this website, or a later one */
const writeOf = (performed: Performed, websiteId: string, time = 1) => {
  const { userId } = stateOf(performed.run);
  return {
    run: performed.run,
    stepId: performed.stepId,
    part: `${websiteId}/${time}`,
    subject: `wibiclick:${userId}`,
    outcome: 'disconnected',
    expects: { userId, websiteId, connected: false },
    removesAccess: true,
    msLeft: performed.deadline.msLeft,
  };
};
