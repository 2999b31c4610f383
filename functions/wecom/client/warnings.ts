import { logger } from '../../shared/log.ts';
import type { Envelope } from './types.ts';

/** WeCom may parse a bad body in part and still answer 0; only this marker in the text tells (page section 1). */
export function parseWarnings({ errmsg }: Envelope): string[] {
  if (!errmsg.includes('wrong json format')) return [];
  logger.error('WeCom did not parse our request cleanly', { provider: 'wecom' });
  return ['request_not_parsed_cleanly'];
}
