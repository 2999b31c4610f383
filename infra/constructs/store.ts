import { Aws, RemovalPolicy } from 'aws-cdk-lib';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { env } from '../../functions/shared/env-names.ts';
import { tableSchema } from '../table-schema.ts';

const { partitionKey, sortKey, timeToLive, index } = tableSchema;

/**
 * The one table and its key: locks, ledger, budgets, tokens. Both stay when the stack goes. The table has a fixed name,
 * so that a second stack cannot start unnoticed with an empty ledger.
 */
export class Store extends Construct {
  /** Writes that DynamoDB held back. */
  readonly writeThrottles: Metric;
  readonly #table: Table;
  readonly #key: Key;

  constructor(scope: Construct, id: string, { stage }: { stage: string }) {
    super(scope, id);
    this.#key = new Key(this, 'Key', {
      description: `The table of Usher ${stage}`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.#table = new Table(this, 'Table', {
      tableName: `usher-${stage}`,
      partitionKey: text(partitionKey),
      sortKey: text(sortKey),
      timeToLiveAttribute: timeToLive,
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.#key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.#table.addGlobalSecondaryIndex({
      indexName: index.name,
      partitionKey: text(index.partitionKey),
      sortKey: text(index.sortKey),
    });
    this.writeThrottles = this.#table.metric('WriteThrottleEvents', { statistic: 'Sum' });
  }

  /** Gives the rights that `shared/store.ts` uses, together with the variable that is useless without them. */
  allowUse(fn: LambdaFunction): void {
    const { tableArn, tableName } = this.#table;
    const statements = [
      { actions: itemActions, resources: [tableArn] },
      { actions: ['dynamodb:Query'], resources: [`${tableArn}/index/${index.name}`] },
      { actions: keyActions, resources: [this.#key.keyArn], conditions: throughDynamodb },
    ];
    for (const statement of statements) fn.addToRolePolicy(new PolicyStatement(statement));
    fn.addEnvironment(env.table, tableName);
  }
}

const itemActions = ['BatchWriteItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem'].map(
  (name) => `dynamodb:${name}`,
);

/** What DynamoDB does with a customer-managed key on behalf of a reader and writer of the table. */
const keyActions = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

const throughDynamodb = { StringEquals: { 'kms:ViaService': `dynamodb.${Aws.REGION}.${Aws.URL_SUFFIX}` } };

const text = (name: string) => ({ name, type: AttributeType.STRING });
