import * as z from 'zod/mini';
import { finding } from '../../shared/checkup.ts';
import { documented } from '../../shared/schema.ts';

const section = z.object({
  findings: z.array(finding),
  checked: documented(z.array(z.string()), { description: 'What was tried, whatever came of it' }),
});
/** What was found of one part, and what was looked at. */
export type Section = z.infer<typeof section>;

const providerSection = z.extend(section, { provider: z.string() });
export type ProviderSection = z.infer<typeof providerSection>;

export const report = z.object({
  status: documented(z.enum(['ok', 'attention']), { description: '`attention` when a finding is an error' }),
  store: section,
  providers: z.array(providerSection),
});
export type Report = z.infer<typeof report>;
