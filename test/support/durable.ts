import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import { clock } from '../../functions/shared/clock.ts';
import { DurableEngine } from '../../sandbox/durable-engine.ts';
import { startDynamodb } from '../../sandbox/dynamodb.ts';
import type { Execution } from '../../sandbox/executions.ts';
import { lambdaContext } from '../../sandbox/gateway-event.ts';
import { answerLambda } from '../../sandbox/lambda.ts';
import { listen, type RunningServer } from '../../sandbox/simulator.ts';
import { time } from './time.ts';

type Invoke = (functionName: string, event: object) => Promise<unknown>;

/** As the SDK and our own functions declare themselves: `never` lets each take events of its own shape. */
type Handler = (event: never, context: Context) => Promise<unknown>;
export type DurableFunctions = Record<string, () => Promise<Handler>>;

const timeoutMs = 300_000;
const settlingMs = 2_000;

/**
 * Lambda for durable functions, by their names in AWS, with an empty table for each test. They run in this process, each
 * invocation with a handler that is asked for anew, unless `invokeBy` says otherwise.
 */
export function durable(functions: DurableFunctions) {
  let dynamodb: RunningServer;
  let lambda: RunningServer;
  let engine: DurableEngine;
  let invoke: Invoke;
  let tables = 0;

  const invokeHere: Invoke = async (functionName, event) => {
    const handler = await functions[functionName]?.();
    return handler?.(event as never, lambdaContext(functionName, timeoutMs));
  };

  const startEngine = async () => {
    engine = new DurableEngine({
      now: () => clock.now(),
      endpoint: dynamodb.url,
      table: `durable-${tables}`,
      functions: new Map(Object.entries(functions)),
      invoke: (functionName, event) => invoke(functionName, event),
    });
    await engine.recover();
  };

  beforeAll(async () => {
    dynamodb = await startDynamodb('unused');
    lambda = await listen((request, response) => answerLambda(engine, request, response), 0);
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_LAMBDA: lambda.url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
  });
  beforeEach(() => {
    tables += 1;
    invoke = invokeHere;
    return startEngine();
  });
  afterEach(async () => {
    // What still runs would find its table closed. A function that a test has let hang is not waited for.
    await Promise.race([engine.settled(), sleep(settlingMs, undefined, { ref: false })]);
    engine.close();
  });
  afterAll(() => Promise.all([lambda.close(), dynamodb.close()]));

  return {
    get engine(): DurableEngine {
      return engine;
    },
    /** Moves the clock, and starts what is due by then. */
    advance(ms: number): void {
      time.advance(ms);
      engine.tick();
    },
    /** Resolves when no function runs and nothing is due. */
    settled: (): Promise<void> => engine.settled(),
    executions: (): Readonly<Execution>[] => engine.executions(),
    /** Runs the functions elsewhere for the rest of the test, such as in processes that may be killed. */
    invokeBy(other: Invoke): void {
      invoke = other;
    },
    /** Another engine over the same table, as when the machine was restarted. */
    async restart(): Promise<void> {
      engine.close();
      await startEngine();
    },
  };
}
