import { unexpected } from '../../shared/transport.ts';
import type { WibiclickClient } from './index.ts';

/**
 * Every user whom the key can see, once: those of all its websites, page sections 2.4 and 2.5. Who is connected to none
 * may be missing, since no list names everybody.
 * @throws OperationError when a list cannot be read whole, or names nobody
 */
export async function userIds(wibiclick: WibiclickClient): Promise<string[]> {
  const found = new Set<string>();
  for (const website of await wibiclick.websites()) {
    for (const { id } of await wibiclick.usersOf(website.id)) found.add(String(id));
  }
  if (found.size === 0) throw unexpected('wibiclick', 'its lists name no website or no user');
  return [...found];
}
