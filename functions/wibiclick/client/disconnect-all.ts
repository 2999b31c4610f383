import { OperationError } from '../../shared/errors.ts';
import { verify, type WriteResult } from '../../shared/settle.ts';
import type { WibiclickClient } from './index.ts';
import type { Id, Website } from './types.ts';

type Send = () => Promise<WriteResult<'disconnected'>>;

/** What became of one website. */
export type Disconnection = 'disconnected' | OperationError;

/**
 * Disconnects a user from websites of a list that was read just now, and reads the list once at the end (page section
 * 3, "Leaver, all"). A website that is refused does not keep the others; one that was accepted and is still listed is
 * sent once more. `record` stands around every write.
 * @returns what became of each website, by its id
 * @throws OperationError when the list cannot be read back
 */
export async function disconnectAll(
  wibiclick: WibiclickClient,
  { userId, websites }: { userId: Id; websites: Website[] },
  record: (website: Website, send: Send) => Promise<unknown>,
): Promise<Record<string, Disconnection>> {
  const attempt = async (website: Website, send: Send): Promise<[string, Disconnection]> => {
    const refusal = await record(website, send).then(() => undefined, asRefusal);
    return [String(website.id), refusal ?? 'disconnected'];
  };
  const outcomes = new Map<string, Disconnection>();
  for (const website of websites) {
    const link = { userId, websiteId: website.id };
    outcomes.set(...(await attempt(website, () => wibiclick.sendDisconnect(link))));
  }

  const listed = new Set((await wibiclick.websitesOf(userId)).map(({ id }) => String(id)));
  for (const website of websites) {
    const id = String(website.id);
    if (!listed.has(id)) outcomes.set(id, 'disconnected');
    else if (outcomes.get(id) === 'disconnected')
      outcomes.set(...(await attempt(website, again(wibiclick, userId, website))));
  }
  return Object.fromEntries(outcomes);
}

const again =
  (wibiclick: WibiclickClient, userId: Id, { id }: Website): Send =>
  async () => {
    const link = { userId, websiteId: id };
    const { outcome, response, warnings } = await wibiclick.sendDisconnect(link);
    const verification = await verify('wibiclick', () => wibiclick.holds({ ...link, connected: false }));
    return { outcome, response, warnings, ...verification };
  };

function asRefusal(error: unknown): OperationError {
  if (error instanceof OperationError) return error;
  throw error;
}
