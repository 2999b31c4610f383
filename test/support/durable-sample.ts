import { type DurableContext, withDurableExecution } from '@aws/durable-execution-sdk-js';
import {
  GetDurableExecutionCommand,
  InvokeCommand,
  type InvokeCommandInput,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import { durable } from './durable.ts';

export type Workflow = (context: DurableContext, input: { [key: string]: unknown }) => Promise<unknown>;

/** One durable function, whose workflow each test gives, and a client of Lambda. */
export function durableSample() {
  const name = 'usher-test-sample-run';
  let workflow: Workflow;
  let invocations: Record<string, unknown>[] = [];
  const handler = withDurableExecution((input, context: DurableContext) => workflow(context, input));
  const lambda = durable({
    [name]: async () => (event, context) => {
      invocations.push(event);
      return handler(event, context);
    },
  });

  let client: LambdaClient;
  beforeAll(() => {
    client = new LambdaClient({ maxAttempts: 1 });
  });
  beforeEach(() => {
    invocations = [];
  });
  afterAll(() => client.destroy());

  const invoke = (input: Partial<InvokeCommandInput> = {}) =>
    client.send(new InvokeCommand({ FunctionName: `${name}:live`, InvocationType: 'Event', Payload: '{}', ...input }));
  const get = (DurableExecutionArn = '') => client.send(new GetDurableExecutionCommand({ DurableExecutionArn }));

  return {
    name,
    handler,
    lambda,
    invoke,
    get,
    get client(): LambdaClient {
      return client;
    },
    /** The events of its invocations in this test. */
    get invocations(): Record<string, unknown>[] {
      return invocations;
    },
    /** What the function does from now on. */
    does(run: Workflow): void {
      workflow = run;
    },
    /** Starts an execution, and gives its ARN when there is nothing left to do for now. */
    async start(run: Workflow, input: Partial<InvokeCommandInput> = {}): Promise<string> {
      workflow = run;
      const { DurableExecutionArn = '' } = await invoke(input);
      await lambda.settled();
      return DurableExecutionArn;
    },
    async advance(ms: number): Promise<void> {
      lambda.advance(ms);
      await lambda.settled();
    },
    async resultOf(arn: string): Promise<unknown[]> {
      const { Status, Result, Error: error } = await get(arn);
      return [Status, Result ?? error?.ErrorMessage];
    },
  };
}
