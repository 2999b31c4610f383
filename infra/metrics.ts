import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { counts } from '../functions/shared/env-names.ts';
import type { Counted } from '../functions/shared/log.ts';

/** How often the functions of a stage counted this in their log lines. */
export const countOf = (stage: string, metricName: Counted): Metric =>
  new Metric({
    namespace: counts.namespace,
    metricName,
    dimensionsMap: { [counts.dimension]: stage },
    statistic: 'Sum',
  });

/** How often they counted one of these. */
export const countsOf = (stage: string, ...names: Counted[]): MathExpression =>
  sumOf(
    names.map((name) => countOf(stage, name)),
    names.join(', '),
  );

/** The sum of metrics that mostly have no data; a plain sum has none unless each of them has. */
export function sumOf(metrics: Metric[], label: string): MathExpression {
  const named = metrics.map((metric, index) => [`m${index}`, metric] as const);
  return new MathExpression({
    expression: `SUM([${named.map(([name]) => `FILL(${name}, 0)`).join(', ')}])`,
    usingMetrics: Object.fromEntries(named),
    label,
  });
}
