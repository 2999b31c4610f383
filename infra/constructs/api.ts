import { RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogField, AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi,
  HttpAuthorizer,
  HttpAuthorizerType,
  HttpMethod,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, LogGroup, MetricFilter, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { counts } from '../../functions/shared/env-names.ts';
import type { Operation } from '../../functions/shared/operation.ts';
import { parseRoute } from '../operations.ts';
import type { Settings } from '../settings.ts';

/** The HTTP API. Every route has an authorizer; there is no public one. */
export class Api extends Construct {
  readonly url: string;
  /** Answers with status 5xx, whoever is to blame: Usher, AWS or a provider. */
  readonly serverErrors: Metric;
  /** Milliseconds from request to answer, for nine requests in ten. */
  readonly latency: Metric;
  /** Answers with status 500: a bug, or a function that crashed or ran out of time. */
  readonly bugs: Metric;
  readonly #api: HttpApi;
  readonly #authorizer: IHttpRouteAuthorizer;
  readonly #auth: Settings['auth'];

  constructor(scope: Construct, id: string, { stage, auth }: Pick<Settings, 'stage' | 'auth'>) {
    super(scope, id);
    this.#api = new HttpApi(this, 'HttpApi', { apiName: `usher-${stage}`, createDefaultStage: false });
    this.#auth = auth;
    this.#authorizer = this.#createAuthorizer(auth);
    const log = this.#createLog(stage);
    this.url = new HttpStage(this, 'Stage', {
      httpApi: this.#api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: 50, burstLimit: 100 },
      accessLogSettings: { destination: new LogGroupLogDestination(log), format: accessLogFormat(stage) },
    }).url;
    this.serverErrors = this.#api.metricServerError();
    this.latency = this.#api.metricLatency({ statistic: 'p90' });
    this.bugs = this.#countBugs(log, stage);
  }

  /** Leads the operation's route to its function. */
  addRoute(fn: LambdaFunction, operation: Operation): void {
    const { method, path } = parseRoute(operation.route);
    new HttpRoute(fn, 'Route', {
      httpApi: this.#api,
      routeKey: HttpRouteKey.with(path, HttpMethod[method]),
      integration: new HttpLambdaIntegration('Integration', fn),
      authorizer: this.#authorizer,
      ...(this.#auth !== 'iam' && { authorizationScopes: [scopeOf(operation)] }),
    });
  }

  #createAuthorizer(auth: Settings['auth']): IHttpRouteAuthorizer {
    if (auth === 'iam') return new HttpIamAuthorizer();
    // HttpJwtAuthorizer would put itself into the nested stack of the first route, out of reach for the others.
    const { authorizerId } = new HttpAuthorizer(this, 'JwtAuthorizer', {
      httpApi: this.#api,
      type: HttpAuthorizerType.JWT,
      identitySource: ['$request.header.Authorization'],
      jwtIssuer: auth.jwt.issuer,
      jwtAudience: auth.jwt.audience,
    });
    return HttpAuthorizer.fromHttpAuthorizerAttributes(this, 'Jwt', {
      authorizerId,
      authorizerType: HttpAuthorizerType.JWT,
    });
  }

  /** Counted here, since a function that crashes or runs out of time cannot count that itself. */
  #countBugs(logGroup: LogGroup, stage: string): Metric {
    const filter = new MetricFilter(this, 'Bugs', {
      logGroup,
      metricNamespace: counts.namespace,
      metricName: 'http_500',
      dimensions: { [counts.dimension]: '$.stage' },
      filterPattern: FilterPattern.stringValue('$.status', '=', '500'),
    });
    return filter.metric({ statistic: 'Sum', dimensionsMap: { [counts.dimension]: stage } });
  }

  #createLog(stage: string): LogGroup {
    // API Gateway adds each other log group to one account-wide policy, which is limited in size.
    return new LogGroup(this, 'AccessLog', {
      logGroupName: `/aws/vendedlogs/usher-${stage}-api`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}

function scopeOf({ effect, approves }: Operation): string {
  if (approves) return 'usher/approve';
  return effect === 'read' ? 'usher/read' : 'usher/write';
}

/** The route and not the path, which holds ids. */
const accessLogFormat = (stage: string): AccessLogFormat =>
  AccessLogFormat.custom(
    JSON.stringify({
      stage,
      requestId: AccessLogField.contextRequestId(),
      route: AccessLogField.contextRouteKey(),
      status: AccessLogField.contextStatus(),
      ms: AccessLogField.contextResponseLatency(),
    }),
  );
