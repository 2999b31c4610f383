import { RemovalPolicy } from 'aws-cdk-lib';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, LogGroup, MetricFilter, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { ErrorCode } from '../../functions/shared/errors.ts';

/**
 * The log of all functions of a stage, whose streams carry their names. One group for all: a question is asked once,
 * and one filter counts for every function.
 */
export class FunctionLog extends Construct {
  readonly group: LogGroup;
  readonly #namespace: string;

  constructor(scope: Construct, id: string, { stage }: { stage: string }) {
    super(scope, id);
    this.#namespace = `Usher/${stage}`;
    this.group = new LogGroup(this, 'Group', {
      logGroupName: `/usher/${stage}/functions`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  /** How often a request ended with one of these codes. `orElse` is a further condition on a log line. */
  countAnswers(metricName: string, codes: ErrorCode[], orElse?: string): Metric {
    const anyCode = codes.map((code) => `$.code = "${code}"`).join(' || ');
    const answer = `($.status >= 400) && (${anyCode})`;
    const filter = new MetricFilter(this, metricName, {
      logGroup: this.group,
      metricNamespace: this.#namespace,
      metricName,
      filterPattern: FilterPattern.literal(orElse ? `{ (${answer}) || (${orElse}) }` : `{ ${answer} }`),
    });
    return filter.metric({ statistic: 'Sum' });
  }
}
