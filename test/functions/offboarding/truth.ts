import type { Json } from '../../support/invoke.ts';
import type { HttpEvent } from '../../support/mortal.ts';
import { type offboardings, stepOf } from '../../support/runs.ts';
import { storedItems } from './support.ts';

type Offboardings = ReturnType<typeof offboardings>;

/** One thing that a run takes away: an account, its access, or one website. */
interface Thing {
  subject: string;
  /** Whether the person has it now. */
  isHeld: boolean;
  /** Whether the run says so; undefined when it says that it does not know, or nothing. */
  isTold: boolean | undefined;
  /** Whether the ledger says so; undefined while it does not know. */
  isRecorded: boolean | undefined;
}

/** Everything that the run could take from the leaver, as its provider holds it, the run tells it, and the ledger. */
export async function thingsOf({ wecom, dingtalk, wibiclick }: Offboardings, run: Json, accounts: Json) {
  const items = await storedItems();
  const [inWecom, inDingtalk, inWibiclick] = await Promise.all(
    [wecom, dingtalk, wibiclick].map((provider) => provider.state()),
  );
  const things: Thing[] = [];
  const { wecom: member, dingtalk: user, wibiclick: connected } = accounts;
  const told = (provider: string) => toldOf(run, provider);
  const recorded = (subject: string, ...rest: [taking: string, giving?: string, part?: string]) =>
    recordedOf(items, subject, ...rest);

  const directories = [
    { provider: 'wecom', account: member, members: inWecom.members, hasAccess: ({ enable }: Json) => enable === 1 },
    { provider: 'dingtalk', account: user, members: inDingtalk.members, hasAccess: ({ disabled }: Json) => !disabled },
  ];
  for (const { provider, account, members, hasAccess } of directories.filter(({ account }) => account)) {
    const subject = `${provider}:${account.userid}`;
    const found = members.find(({ userid }: Json) => userid === account.userid);
    const { exists, access } = told(provider);
    const isRecorded = recorded(subject, `${provider}.remove`);
    things.push({ subject, isHeld: found !== undefined, isTold: exists, isRecorded });
    if (found) {
      const isRecorded = recorded(subject, `${provider}.disable`, `${provider}.restore`);
      things.push({ subject: `${subject}/access`, isHeld: hasAccess(found), isTold: access, isRecorded });
    }
  }
  for (const websiteId of connected ? websitesOf(connected.userId) : []) {
    const subject = `wibiclick:${connected.userId}`;
    things.push({
      subject: `${subject}/${websiteId}`,
      isHeld: inWibiclick.links.some((link: Json) => link.userId === connected.userId && link.websiteId === websiteId),
      isTold: told('wibiclick').access,
      isRecorded: recorded(subject, 'wibiclick.disable', 'wibiclick.restore', websiteId),
    });
  }
  return things;
}

/** At the start of the simulator. */
export const websitesOf = (userId: string): string[] =>
  ({ '101': ['201', '202'], '104': ['202', '204'], '105': [] })[userId] ?? [];

/** What the steps say of an account that only this run takes from. */
function toldOf(run: Json, provider: string): { exists: boolean | undefined; access: boolean | undefined } {
  const [disable, remove, restore] = ['disable', 'remove', 'restore'].map((action) => stepOf(run, provider, action));
  const unknown = ({ status }: Json): boolean => status === 'needs_attention' || status === 'running';
  const isPut = (step: Json): boolean => step?.status === 'succeeded';
  const exists = unknown(remove) ? undefined : !isPut(remove);
  if (restore) return { exists, access: unknown(restore) || restore.status === 'pending' ? undefined : true };
  const wasTried = disable.startedAt !== undefined && !isPut(disable);
  return { exists, access: unknown(disable) || wasTried ? undefined : !isPut(disable) };
}

/** Whether the ledger says that the person still has what `taking` takes and `giving` gives back. */
function recordedOf(items: Json[], subject: string, taking: string, giving = '', part = ''): boolean | undefined {
  const mine = items.filter(({ pk, key }) => pk === `member#${subject}` && (!part || key?.split('/').includes(part)));
  const of = (step: string) => mine.filter(({ operation }) => step && operation === `offboarding ${step}`);
  if ([...of(taking), ...of(giving)].some(({ sk, state }) => sk === 'open' || state === 'unknown')) return undefined;
  const wasTaken = of(taking).some(({ state }) => state === 'succeeded');
  const wasGiven = of(giving).some(({ state }) => state === 'succeeded');
  return !wasTaken || wasGiven;
}

/** The writes that would change nothing, since what they ask for is so already: such as a second deletion. */
export function needlessWrites({ wecom, wibiclick, dingtalk }: Offboardings) {
  const seen: string[] = [];
  const isNeedless = async ({ path, body, query }: Pick<HttpEvent, 'path' | 'body' | 'query'>): Promise<boolean> => {
    const sent = JSON.parse(body || '{}');
    if (path === '/cgi-bin/user/delete')
      return !(await wecom.state()).members.some(({ userid }: Json) => query.includes(`userid=${userid}`));
    if (path === '/cgi-bin/user/update') {
      const found = (await wecom.state()).members.find(({ userid }: Json) => userid === sent.userid);
      return found?.enable === sent.enable;
    }
    if (path === '/topapi/v2/user/delete')
      return !(await dingtalk.state()).members.some(({ userid }: Json) => userid === sent.userid);
    if (path.endsWith('-website')) {
      const isConnected = (await wibiclick.state()).links.some(
        (link: Json) => link.userId === String(sent.userId) && link.websiteId === String(sent.websiteId),
      );
      return isConnected === path.startsWith('/connect');
    }
    return false;
  };
  return {
    seen,
    gate: (call: Pick<HttpEvent, 'path' | 'body' | 'query'>): Promise<void> | undefined =>
      /user\/(update|delete)$|-website$/.test(call.path)
        ? isNeedless(call).then((needless) => void (needless && seen.push(`${call.path} ${call.body}`)))
        : undefined,
  };
}
