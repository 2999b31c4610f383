import type { Answered, Intent } from './ledger.ts';
import type { News } from './outbox.ts';
import type { Item } from './store.ts';

type Entry = Item & Pick<Intent, 'id' | 'at' | 'caller' | 'subject' | 'requestId' | 'runId' | 'outcome'>;

/** What the ledger entry of a success tells. One that was settled was read from the provider, so it is verified. */
export function memberNews(entry: Entry & { answered?: Answered }): News {
  const { id, at, caller, subject, requestId, runId, outcome, answered } = entry;
  const [provider = ''] = subject.split(':');
  return {
    eventId: id,
    detailType: `Member.${outcome}`,
    occurredAt: new Date(at).toISOString(),
    detail: {
      provider,
      subject,
      outcome,
      verified: answered?.verified ?? true,
      caller,
      ...(runId !== undefined && { runId }),
      requestId,
    },
  };
}
