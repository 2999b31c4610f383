import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  CfnEIP,
  FlowLogDestination,
  GatewayVpcEndpointAwsService,
  type IVpc,
  NatProvider,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { FunctionOptions, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

const zones = ['1', '2'];

/**
 * A network over two zones whose calls leave from two fixed addresses, as the allow-lists of WeCom and DingTalk need.
 * Nothing can reach in.
 */
export class Egress extends Construct {
  /** The addresses to put on the providers' lists. */
  readonly addresses: string[];
  /** What a function takes to be in the network. */
  readonly placement: Pick<FunctionOptions, 'vpc' | 'vpcSubnets' | 'securityGroups'>;

  constructor(scope: Construct, id: string, { stage }: { stage: string }) {
    super(scope, id);
    const elastic = zones.map((zone) => new CfnEIP(this, `Address${zone}`, { domain: 'vpc' }));
    this.addresses = elastic.map(({ ref }) => ref);
    const vpc = this.#createVpc(stage, elastic);
    this.placement = {
      vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [this.#createSecurityGroup(vpc)],
    };
  }

  /** Lets Lambda connect the function to the network; the code of the function may not do the same. */
  allowConnect(fn: LambdaFunction, functionName: string): void {
    const functionArn = Stack.of(fn).formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName: functionName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    // EC2 has no resource level for Describe, and the rest is about interfaces that Lambda has yet to make.
    const interfaces = { actions: interfaceActions, resources: ['*'] };
    fn.addToRolePolicy(new PolicyStatement(interfaces));
    fn.addToRolePolicy(
      new PolicyStatement({
        ...interfaces,
        effect: Effect.DENY,
        conditions: { ArnEquals: { 'lambda:SourceFunctionArn': functionArn } },
      }),
    );
  }

  #createVpc(stage: string, addresses: CfnEIP[]): IVpc {
    const vpc = new Vpc(this, 'Vpc', {
      vpcName: `usher-${stage}`,
      maxAzs: zones.length,
      natGatewayProvider: NatProvider.gateway({ eipAllocationIds: addresses.map((one) => one.attrAllocationId) }),
      subnetConfiguration: [
        { name: 'nat', subnetType: SubnetType.PUBLIC, cidrMask: 28, mapPublicIpOnLaunch: false },
        { name: 'functions', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 24 },
      ],
      gatewayEndpoints: { Dynamodb: { service: GatewayVpcEndpointAwsService.DYNAMODB } },
      flowLogs: { All: { destination: FlowLogDestination.toCloudWatchLogs(this.#createLog(stage)) } },
      // Closing the default group would take a function of CDK's own; nothing is ever put into that group.
      restrictDefaultSecurityGroup: false,
    });
    // CDK's class and interface differ in whether an optional property may be undefined.
    return vpc as IVpc;
  }

  #createSecurityGroup(vpc: IVpc): SecurityGroup {
    const group = new SecurityGroup(this, 'Functions', {
      vpc,
      description: 'Usher functions: HTTPS out, nothing in',
      allowAllOutbound: false,
    });
    group.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'HTTPS');
    return group;
  }

  #createLog(stage: string): LogGroup {
    return new LogGroup(this, 'FlowLog', {
      logGroupName: `/usher/${stage}/flows`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}

/** Those of the managed policy AWSLambdaVPCAccessExecutionRole, without its logs. */
const interfaceActions = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];
