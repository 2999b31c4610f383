import type { Examination } from '../../shared/checkup.ts';
import { OperationError } from '../../shared/errors.ts';
import type { Outside } from '../../shared/outside.ts';
import { ClockWatch } from './clock-watch.ts';
import { expectedFailure, findingOf, runChecks } from './findings.ts';
import type { ProviderSection, Section } from './report.ts';
import { isPlaceholder, malformedKeys, missingKeys, notConfigured, readValues } from './secret.ts';

/** All that reading shows of one provider: its secret, then each credential and right, and its clock. */
export async function examine<Secret>(examination: Examination<Secret>): Promise<ProviderSection> {
  const { provider, schema } = examination;
  const unusable = (...findings: Section['findings']) => ({ provider, findings, checked: ['secret'] });
  const values = await readValues(provider).catch(expectedFailure);
  if (values instanceof OperationError) return unusable(findingOf(values, { name: 'secret' }));
  if (isPlaceholder(values)) return unusable(notConfigured(provider));
  const parsed = schema.safeParse(values);
  if (!parsed.success) return unusable(...malformedKeys(provider, values, parsed.error));

  const clockWatch = new ClockWatch();
  const secret: Outside<Secret>['secret'] = { use: (use) => use(parsed.data) };
  const checks = examination.checks(parsed.data, (send) => ({ secret, send: clockWatch.watch(send) }));
  const tried = await runChecks(checks);
  const clock = clockWatch.section();
  const isInOrder = tried.findings.every(({ severity }) => severity === 'warning');
  return {
    provider,
    findings: [
      ...tried.findings,
      ...clock.findings,
      ...missingKeys(examination, values),
      ...(isInOrder ? examination.blindSpots : []),
    ],
    checked: ['secret', ...tried.checked, ...clock.checked],
  };
}
