import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type DurableContext, StepSemantics, withDurableExecution } from '@aws/durable-execution-sdk-js';
import {
  CheckpointDurableExecutionCommand,
  GetDurableExecutionCommand,
  GetDurableExecutionStateCommand,
  InvokeCommand,
  type InvokeCommandInput,
  LambdaClient,
  ListDurableExecutionsByFunctionCommand,
  type ListDurableExecutionsByFunctionCommandOutput,
  SendDurableExecutionCallbackFailureCommand,
  SendDurableExecutionCallbackHeartbeatCommand,
  SendDurableExecutionCallbackSuccessCommand,
  StopDurableExecutionCommand,
} from '@aws-sdk/client-lambda';
import { clock } from '../../functions/shared/clock.ts';
import { lambdaContext } from '../../sandbox/gateway-event.ts';
import { WorkflowHost } from '../../sandbox/workflow-host.ts';
import { durable } from '../support/durable.ts';
import { time } from '../support/time.ts';
import { until } from '../support/until.ts';
import type { Input } from './durable-workflow.ts';

const name = 'usher-test-sample-run';
const day = 86_400_000;

type Workflow = (context: DurableContext, input: { [key: string]: unknown }) => Promise<unknown>;
let workflow: Workflow;
let invocations: Record<string, unknown>[];
let callbackId: string;

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
  callbackId = '';
});
afterAll(() => client.destroy());

const invoke = (input: Partial<InvokeCommandInput> = {}) =>
  client.send(new InvokeCommand({ FunctionName: `${name}:live`, InvocationType: 'Event', Payload: '{}', ...input }));
const get = (DurableExecutionArn = '') => client.send(new GetDurableExecutionCommand({ DurableExecutionArn }));
const succeed = (Result?: string, CallbackId = callbackId) =>
  client.send(
    new SendDurableExecutionCallbackSuccessCommand({ CallbackId, ...(Result && { Result: Buffer.from(Result) }) }),
  );

/** Starts an execution, and gives its ARN when there is nothing left to do for now. */
async function start(run: Workflow, input: Partial<InvokeCommandInput> = {}): Promise<string> {
  workflow = run;
  const { DurableExecutionArn = '' } = await invoke(input);
  await lambda.settled();
  return DurableExecutionArn;
}

async function advance(ms: number): Promise<void> {
  lambda.advance(ms);
  await lambda.settled();
}

const resultOf = async (arn: string) => {
  const { Status, Result, Error: error } = await get(arn);
  return [Status, Result ?? error?.ErrorMessage];
};

describe('an execution', () => {
  test('has the result of its function, each step run once', async () => {
    const ran: string[] = [];
    const step = async (what: string) => ran.push(what);
    const arn = await start(
      async (context, { who }) => {
        await context.step('first', () => step('first'));
        await context.wait({ seconds: 60 });
        return `${who}: ${await context.step('second', () => step('second'))}`;
      },
      { Payload: '{"who":"lisi"}' },
    );
    expect(await resultOf(arn)).toEqual(['RUNNING', undefined]);
    await advance(60_000);

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '"lisi: 2"']);
    expect(ran).toEqual(['first', 'second']);
    expect(invocations).toHaveLength(2);
  });

  test('is described in the types of the SDK client', async () => {
    const before = clock.now();
    const arn = await start(async () => 'done', { DurableExecutionName: 'one', Payload: '{"a":1}' });

    const described = await get(arn);
    expect(described).toMatchObject({
      DurableExecutionArn: arn,
      DurableExecutionName: 'one',
      FunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${name}:live`,
      Status: 'SUCCEEDED',
      InputPayload: '{"a":1}',
      Result: '"done"',
      Version: 'live',
    });
    expect(arn).toMatch(new RegExp(`:function:${name}:live/durable-execution/one/[\\w-]+$`));
    for (const at of [described.StartTimestamp, described.EndTimestamp])
      expect(Math.abs((at?.getTime() ?? 0) - before)).toBeLessThan(10_000);
  });

  test('fails with the error of its function', async () => {
    const arn = await start(async () => {
      throw new TypeError('broken');
    });

    expect((await get(arn)).Error).toMatchObject({ ErrorType: 'TypeError', ErrorMessage: 'broken' });
    expect(await resultOf(arn)).toEqual(['FAILED', 'broken']);
  });

  test('is invoked again, again and again, when an invocation throws', async () => {
    workflow = async () => 'in the end';
    let failures = 2;
    lambda.invokeBy(async (_, event) => {
      failures -= 1;
      if (failures >= 0) throw new Error('died');
      invocations.push({ ...event });
      return { Status: 'SUCCEEDED', Result: '"in the end"' };
    });
    const { DurableExecutionArn } = await invoke();
    await lambda.settled();

    expect(await resultOf(DurableExecutionArn ?? '')).toEqual(['SUCCEEDED', '"in the end"']);
    expect(invocations).toHaveLength(1);
  });

  test.each([
    [{ Status: 'PENDING' }, 'PENDING, with no wait'],
    ['hello', 'did not answer with a Status'],
  ])('fails when its function answers %j with nothing to wait for', async (answer, message) => {
    lambda.invokeBy(async () => answer);

    expect(await resultOf(await start(async () => {}))).toEqual(['FAILED', expect.stringContaining(message)]);
  });

  test('ends when it is stopped, and what still runs of it can write nothing', async () => {
    const gate = Promise.withResolvers<void>();
    workflow = async (context) => {
      await gate.promise;
      return context.step(async () => 'late');
    };
    const { DurableExecutionArn = '' } = await invoke();
    await until(async () => invocations.length === 1);
    const stopped = await client.send(
      new StopDurableExecutionCommand({ DurableExecutionArn, Error: { ErrorMessage: 'enough' } }),
    );
    gate.resolve();
    await lambda.settled();

    expect(stopped.StopTimestamp).toEqual((await get(DurableExecutionArn)).EndTimestamp);
    expect(await resultOf(DurableExecutionArn)).toEqual(['STOPPED', 'enough']);
    expect(invocations).toHaveLength(1);
  });

  test('times out after a year', async () => {
    const arn = await start((context) => context.createCallback('never').then(([promise]) => promise));
    await advance(366 * day);

    expect(await resultOf(arn)).toEqual(['TIMED_OUT', 'Execution timed out']);
  });

  test('may have a result that is too large for an answer', async () => {
    const arn = await start(async () => 'x'.repeat(900_000));
    await lambda.restart();

    expect((await get(arn)).Result).toHaveLength(900_002);
  });
});

describe('starting', () => {
  const named = (Payload: string) => ({ DurableExecutionName: 'offboard-lisi', Payload });

  test('by a name that is there gives the execution that is there', async () => {
    const arn = await start(async () => 'done', named('{"a":1}'));
    const again = await invoke(named('{"a":1}'));
    await lambda.settled();

    expect([again.StatusCode, again.DurableExecutionArn]).toEqual([202, arn]);
    expect([lambda.executions().length, invocations.length]).toEqual([1, 1]);
  });

  test('by a name that is there, with another payload, is refused', async () => {
    await start(async () => 'done', named('{"a":1}'));

    await expect(invoke(named('{"a":2}'))).rejects.toMatchObject({
      name: 'DurableExecutionAlreadyStartedException',
      $metadata: { httpStatusCode: 409 },
    });
  });

  test('at the same moment by one name makes one execution', async () => {
    workflow = async () => 'done';
    const started = await Promise.all([1, 2, 3].map(() => invoke(named('{}'))));
    await lambda.settled();

    expect(new Set(started.map(({ DurableExecutionArn }) => DurableExecutionArn)).size).toBe(1);
    expect(invocations).toHaveLength(1);
  });

  test.each([
    ['a name', name],
    ['a name with its alias', `${name}:live`],
    ['a part of an ARN', `000000000000:function:${name}`],
    ['an ARN', `arn:aws:lambda:us-east-1:000000000000:function:${name}:live`],
  ])('takes %s', async (_, FunctionName) => {
    expect(await resultOf(await start(async () => 1, { FunctionName }))).toEqual(['SUCCEEDED', '1']);
  });

  test.each([
    ['an unknown function', { FunctionName: 'usher-test-none' }, 'ResourceNotFoundException', 404],
    ['a name that is no name', { DurableExecutionName: 'a/b' }, 'InvalidParameterValueException', 400],
    ['a payload that is not JSON', { Payload: 'a' }, 'InvalidRequestContentException', 400],
    ['a payload of over 1 MB', { Payload: `"${'x'.repeat(1024 * 1024)}"` }, 'RequestTooLargeException', 413],
  ])('refuses %s', async (_, input, refusal, httpStatusCode) => {
    await expect(invoke(input)).rejects.toMatchObject({ name: refusal, $metadata: { httpStatusCode } });
    expect(invocations).toEqual([]);
  });

  test('and waiting gives the result, or the error, when the execution ends', async () => {
    workflow = async (context) => context.wait({ seconds: 1 }).then(() => ({ well: true }));
    const answering = invoke({ InvocationType: 'RequestResponse' });
    await until(async () => lambda.executions().some(({ parked }) => parked));
    lambda.advance(1_000);
    const answer = await answering;
    workflow = async () => {
      throw new Error('broken');
    };
    const failed = await invoke({ InvocationType: 'RequestResponse' });

    expect([answer.StatusCode, answer.Payload?.transformToString()]).toEqual([200, '{"well":true}']);
    expect(failed.FunctionError).toBe('Unhandled');
    expect(failed.Payload?.transformToString()).toContain('"errorMessage":"broken"');
  });

  test('shows in the list of the executions of the function', async () => {
    const list = (filter = {}) =>
      client.send(new ListDurableExecutionsByFunctionCommand({ FunctionName: name, ...filter }));
    const first = await start(async () => 1);
    time.advance(1_000);
    const second = await start((context) => context.wait({ days: 1 }));

    const arns = ({ DurableExecutions = [] }: ListDurableExecutionsByFunctionCommandOutput) =>
      DurableExecutions.map(({ DurableExecutionArn }) => DurableExecutionArn);
    expect(arns(await list())).toEqual([second, first]);
    expect(arns(await list({ Statuses: ['SUCCEEDED'] }))).toEqual([first]);
    const page = await list({ MaxItems: 1, ReverseOrder: true });
    expect(arns(page)).toEqual([first]);
    expect(arns(await list({ MaxItems: 1, ReverseOrder: true, Marker: page.NextMarker }))).toEqual([second]);
  });
});

describe('time', () => {
  test('a wait of 30 days is over when the clock has been advanced that far, and not before', async () => {
    const arn = await start((context) => context.wait('rest', { days: 30 }).then(() => 'rested'));
    await advance(30 * day - 60_000);
    expect(await resultOf(arn)).toEqual(['RUNNING', undefined]);
    expect(invocations).toHaveLength(1);
    await advance(60_000);

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '"rested"']);
    expect(invocations[1]?.UpdatedOperationIds).toHaveLength(1);
  });

  test('real seconds pass too', async () => {
    const arn = await start((context) => context.wait({ seconds: 1 }).then(() => 'rested'));

    await until(async () => (await get(arn)).Status === 'SUCCEEDED');
  });

  test('a step that fails is attempted again after its delay, and fails for good after its last attempt', async () => {
    const attempts: number[] = [];
    const arn = await start((context) =>
      context.step(
        async ({ attempt }) => {
          attempts.push(attempt);
          throw new Error(`attempt ${attempt}`);
        },
        { retryStrategy: (_, attempt) => ({ shouldRetry: attempt < 3, delay: { hours: 1 } }) },
      ),
    );
    expect(attempts).toEqual([1]);
    await advance(day / 48);
    expect(attempts).toEqual([1]);
    await advance(day / 48);
    expect(attempts).toEqual([1, 2]);
    await advance(day / 24);

    expect(attempts).toEqual([1, 2, 3]);
    expect(await resultOf(arn)).toEqual(['FAILED', 'attempt 3']);
  });

  test('a condition keeps its state from one look to the next', async () => {
    const arn = await start((context) =>
      context.waitForCondition(async (state: number) => state + 1, {
        initialState: 0,
        waitStrategy: (state) => (state < 3 ? { shouldContinue: true, delay: { days: 1 } } : { shouldContinue: false }),
      }),
    );
    for (const _ of [1, 2]) await advance(day);

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '3']);
  });

  test('a wait of over a year is refused', async () => {
    const arn = await start((context) => context.wait({ days: 367 }));

    expect(await resultOf(arn)).toEqual(['FAILED', expect.stringContaining('WaitSeconds: must be')]);
  });
});

describe('a callback', () => {
  const waitForIt =
    (config = {}): Workflow =>
    async (context) => {
      const [promise, id] = await context.createCallback('answer', config);
      callbackId = id;
      return promise;
    };

  test('wakes the execution with what it brings', async () => {
    const arn = await start(waitForIt());
    await succeed('approved');
    await lambda.settled();

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '"approved"']);
    expect(invocations).toHaveLength(2);
  });

  test('may bring nothing', async () => {
    const arn = await start(waitForIt());
    await succeed();
    await lambda.settled();

    expect((await get(arn)).Status).toBe('SUCCEEDED');
  });

  test('may come before anybody waits for it', async () => {
    const arn = await start(async (context) => {
      const [promise, id] = await context.createCallback();
      await context.step(() => succeed('early', id).then(() => null));
      return promise;
    });

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '"early"']);
    expect(invocations).toHaveLength(1);
  });

  test('that comes between the last checkpoint of an invocation and its end is not lost', async () => {
    workflow = waitForIt();
    lambda.invokeBy(async (_, event) => {
      const answer = await handler(event as never, lambdaContext(name));
      if (invocations.push({}) === 1) await succeed('just now');
      return answer;
    });
    const { DurableExecutionArn = '' } = await invoke();
    await lambda.settled();

    expect(await resultOf(DurableExecutionArn)).toEqual(['SUCCEEDED', '"just now"']);
    expect(invocations).toHaveLength(2);
  });

  test('fails the wait with its error', async () => {
    const arn = await start(waitForIt());
    await client.send(
      new SendDurableExecutionCallbackFailureCommand({
        CallbackId: callbackId,
        Error: { ErrorMessage: 'declined', ErrorType: 'Declined' },
      }),
    );
    await lambda.settled();

    expect(await resultOf(arn)).toEqual(['FAILED', 'declined']);
  });

  test('times out, and can then bring nothing any more', async () => {
    const arn = await start(waitForIt({ timeout: { days: 2 } }));
    await advance(2 * day);

    expect(await resultOf(arn)).toEqual(['FAILED', 'Callback timed out']);
    await expect(succeed('late')).rejects.toMatchObject({
      name: 'CallbackTimeoutException',
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('lives on by its heartbeats', async () => {
    const arn = await start(waitForIt({ heartbeatTimeout: { hours: 2 } }));
    for (const _ of [1, 2]) {
      await advance(day / 24);
      await client.send(new SendDurableExecutionCallbackHeartbeatCommand({ CallbackId: callbackId }));
    }
    expect(await resultOf(arn)).toEqual(['RUNNING', undefined]);
    await advance(day / 12);

    expect(await resultOf(arn)).toEqual(['FAILED', 'Callback timed out on heartbeat']);
  });

  test('that is past its time has timed out, whether or not the time has been looked at', async () => {
    const arn = await start(waitForIt({ timeout: { days: 2 } }));
    time.advance(2 * day);
    await expect(succeed('late')).rejects.toMatchObject({ name: 'CallbackTimeoutException' });
    await lambda.settled();

    expect(await resultOf(arn)).toEqual(['FAILED', 'Callback timed out']);
  });

  test('and others that come at any moment never make two invocations at once', async () => {
    let now = 0;
    let most = 0;
    lambda.invokeBy(async (_, event) => {
      now += 1;
      most = Math.max(most, now);
      const answer = await handler(event as never, lambdaContext(name));
      now -= 1;
      return answer;
    });
    const ids: string[] = [];
    const arn = await start(async (context) => {
      const callbacks = await Promise.all(Array.from({ length: 10 }, () => context.createCallback<string>()));
      ids.splice(0, 10, ...callbacks.map(([, id]) => id));
      const results: string[] = [];
      for (const [promise] of callbacks) results.push(await promise);
      return results.join('');
    });
    await Promise.all(
      ids.map(async (id, index) => {
        await setTimeout(index * 7);
        await succeed(String(index), id);
      }),
    );
    await lambda.settled();

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '"0123456789"']);
    expect(most).toBe(1);
  });

  test('brings something once', async () => {
    await start(waitForIt());
    const outcomes = await Promise.allSettled([succeed('one'), succeed('two')]);

    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('is refused when its id is none', async () => {
    await expect(succeed('x', 'bm9uZQ==')).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
  });

  test('is handed out by a submitter', async () => {
    const arn = await start((context) =>
      context.waitForCallback('ask', async (id) => {
        callbackId = id;
      }),
    );
    await succeed('asked');
    await lambda.settled();

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '"asked"']);
  });
});

describe('contexts', () => {
  const operationsOf = (invocation: number) => {
    const { InitialExecutionState } = invocations[invocation] as {
      InitialExecutionState: { Operations: { Type: string; Name?: string }[] };
    };
    return InitialExecutionState.Operations.map((operation) => operation.Name ?? operation.Type);
  };

  test('a context that has ended stands for what was in it', async () => {
    const ran: string[] = [];
    const arn = await start(async (context) => {
      const inner = await context.runInChildContext('child', (child) =>
        child.step('inner', async () => {
          ran.push('inner');
          return 'kept';
        }),
      );
      await context.wait('rest', { days: 1 });
      return inner;
    });
    await advance(day);

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '"kept"']);
    expect(ran).toEqual(['inner']);
    expect(operationsOf(1)).toEqual(['EXECUTION', 'child', 'rest']);
  });

  test('one with a large result keeps what was in it, to be made up from that', async () => {
    let calls = 0;
    const arn = await start(async (context) => {
      const inner = await context.runInChildContext('child', async (child) => {
        const half = await child.step('half', async () => {
          calls += 1;
          return 'x'.repeat(200_000);
        });
        return half + half;
      });
      await context.wait('rest', { days: 1 });
      return inner.length;
    });
    await advance(day);

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '400000']);
    expect(calls).toBe(1);
    expect(operationsOf(1)).toEqual(['EXECUTION', 'child', 'half', 'rest']);
  });

  test('branches rest and retry side by side', async () => {
    let attempts = 0;
    const arn = await start(async (context) => {
      const branches = await context.parallel('all', [
        async (branch) => branch.wait({ hours: 2 }).then(() => 'rested'),
        async (branch) =>
          branch.step(
            async () => {
              attempts += 1;
              if (attempts < 2) throw new Error('not yet');
              return 'retried';
            },
            { retryStrategy: () => ({ shouldRetry: true, delay: { hours: 1 } }) },
          ),
      ]);
      return branches.getResults();
    });
    await advance(day / 24);
    expect(attempts).toBe(2);
    await advance(day / 24);

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '["rested","retried"]']);
  });

  test('what a branch left behind is of no interest when the others have ended', async () => {
    const arn = await start(async (context) => {
      const first = await context.parallel(
        [async (branch) => branch.wait({ hours: 1 }).then(() => 'late'), async () => 'first'],
        { completionConfig: { minSuccessful: 1 } },
      );
      await context.wait({ days: 1 });
      return first.successCount;
    });
    await advance(day / 24);
    expect(invocations).toHaveLength(1);
    await advance(day);

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '1']);
  });

  test('a thousand steps and more are replayed in pages', async () => {
    let calls = 0;
    const step = async (index: number) => {
      calls += 1;
      return index;
    };
    const arn = await start(async (context) => {
      const indexes = Array.from({ length: 1_200 }, (_, index) => index);
      const results = await Promise.all(indexes.map((index) => context.step(() => step(index))));
      await context.wait({ days: 1 });
      return results.reduce((sum, index) => sum + index);
    });
    await lambda.restart();
    await advance(day);

    expect(operationsOf(1)).toHaveLength(1_000);
    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '719400']);
    expect(calls).toBe(1_200);
  });

  test('an execution has at most 3,000 operations', async () => {
    const arn = await start((context) =>
      Promise.all(Array.from({ length: 3_000 }, (_, index) => context.step(async () => index))),
    );

    expect(await resultOf(arn)).toEqual(['FAILED', expect.stringContaining('at most 3000 operations')]);
  });
});

describe('the token of a checkpoint', () => {
  /** An invocation that is held open, and what it was told. */
  async function held() {
    const answered = Promise.withResolvers<object>();
    const told: Record<string, string>[] = [];
    lambda.invokeBy(async (_, event) => {
      told.push({ ...event } as Record<string, string>);
      return answered.promise;
    });
    const { DurableExecutionArn = '' } = await invoke();
    await until(async () => told.length === 1);
    const token = told[0]?.CheckpointToken ?? '';
    const checkpoint = (CheckpointToken: string, Id: string, ClientToken: string = Id) =>
      client.send(
        new CheckpointDurableExecutionCommand({
          DurableExecutionArn,
          CheckpointToken,
          ClientToken,
          Updates: [{ Id, Type: 'STEP', Action: 'START' }],
        }),
      );
    return { arn: DurableExecutionArn, token, checkpoint, answer: answered.resolve };
  }
  const refused = expect.objectContaining({
    name: 'InvalidParameterValueException',
    message: expect.stringMatching(/^Invalid Checkpoint Token/),
  });

  test('is good for one checkpoint, whose answer holds the next and what has changed', async () => {
    const { token, checkpoint, answer } = await held();
    const first = await checkpoint(token, 'a');
    const second = await checkpoint(first.CheckpointToken ?? '', 'b');

    expect(second.NewExecutionState?.Operations).toEqual([
      { Id: 'b', Type: 'STEP', Status: 'STARTED', StartTimestamp: expect.any(Date), StepDetails: { Attempt: 0 } },
    ]);
    await expect(checkpoint(token, 'c')).rejects.toEqual(refused);
    await expect(checkpoint(first.CheckpointToken ?? '', 'c')).rejects.toEqual(refused);
    answer({ Status: 'SUCCEEDED' });
  });

  test('and the same request once more has the same answer', async () => {
    const { token, checkpoint, answer } = await held();
    const first = await checkpoint(token, 'a', 'request-1');
    const again = await checkpoint(token, 'a', 'request-1');

    expect(again.CheckpointToken).toBe(first.CheckpointToken);
    answer({ Status: 'SUCCEEDED' });
  });

  test('of an engine before, or of an execution that has ended, is good for nothing', async () => {
    const { arn, token, checkpoint, answer } = await held();
    const state = () =>
      client.send(new GetDurableExecutionStateCommand({ DurableExecutionArn: arn, CheckpointToken: token }));
    expect((await state()).Operations).toMatchObject([{ Type: 'EXECUTION', StartTimestamp: expect.any(Date) }]);
    await lambda.restart();
    await expect(checkpoint(token, 'a')).rejects.toEqual(refused);
    answer({ Status: 'SUCCEEDED' });
    await lambda.settled();

    await expect(state()).rejects.toEqual(refused);
  });

  test('and updates that do not fit are refused altogether', async () => {
    const { arn, token, answer } = await held();
    const update = (...Updates: object[]) =>
      client.send(
        new CheckpointDurableExecutionCommand({
          DurableExecutionArn: arn,
          CheckpointToken: token,
          Updates: Updates.map((one) => ({ Id: 'a', Type: 'STEP', Action: 'START', ...one })),
        }),
      );
    const refusals = [
      update({}, {}),
      update({ Action: 'CANCEL' }),
      update({ ParentId: 'none' }),
      update({ Action: 'RETRY' }),
      update({}, { Id: 'w', Type: 'WAIT' }),
      update({ Action: 'SUCCEED', Payload: 'x'.repeat(1024 * 1024 + 1) }),
      update({ Id: 'e', Type: 'EXECUTION', Action: 'FAIL' }, {}),
    ];
    for (const refusal of await Promise.allSettled(refusals))
      expect(refusal).toMatchObject({ status: 'rejected', reason: { name: 'InvalidParameterValueException' } });

    expect((await update({ Action: 'SUCCEED' })).NewExecutionState?.Operations).toHaveLength(1);
    answer({ Status: 'SUCCEEDED' });
  });
});

describe('another engine over the same table', () => {
  test('leaves what rests alone until it is due', async () => {
    const arn = await start(async (context) => {
      const what = await context.step(async () => 'rested');
      await context.wait({ days: 30 });
      return what;
    });
    await lambda.restart();
    await lambda.settled();
    expect(invocations).toHaveLength(1);
    await advance(30 * day);

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '"rested"']);
    expect(invocations).toHaveLength(2);
  });

  test('goes on with what ran, whose old invocation can write nothing any more', async () => {
    const gate = Promise.withResolvers<void>();
    const wrote: string[] = [];
    workflow = async (context) => {
      const mine = invocations.length;
      if (mine === 1) await gate.promise;
      return context.step(
        async () => {
          wrote.push(`invocation ${mine}`);
        },
        { semantics: StepSemantics.AtMostOncePerRetry },
      );
    };
    const { DurableExecutionArn = '' } = await invoke();
    await until(async () => invocations.length === 1);
    await lambda.restart();
    await lambda.settled();
    gate.resolve();
    await lambda.settled();

    expect((await get(DurableExecutionArn)).Status).toBe('SUCCEEDED');
    expect(wrote).toEqual(['invocation 2']);
  });
});

describe('the process of the functions', () => {
  const directory = mkdtempSync(join(tmpdir(), 'usher-durable-'));
  const entry = fileURLToPath(new URL('durable-workflow.ts', import.meta.url));
  const functions = new Map([[name, { id: 'sample/run', functionName: name, entry }]]);
  const host = new WorkflowHost({ functions, clockOffsetMs: () => time.ahead });
  afterAll(() => {
    host.close();
    rmSync(directory, { recursive: true });
  });

  let file: string;
  let files = 0;
  beforeEach(() => {
    files += 1;
    file = join(directory, String(files));
    writeFileSync(file, '');
    lambda.invokeBy((functionName, event) => host.invoke(functionName, event));
  });

  const lines = () => readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const begin = (plan: Input['plan']) =>
    start(async () => {}, { Payload: JSON.stringify({ file, plan } satisfies Input) });

  test('killed in a step, is started again and runs the step again', async () => {
    const arn = await begin('die in a step');

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '"written"']);
    expect(lines()).toEqual(['write', 'write']);
  });

  test('killed in a step that may run at most once, leaves an interrupted step', async () => {
    const arn = await begin('die in the only attempt');

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '"StepInterruptedError"']);
    expect(lines()).toEqual(['write']);
  });

  test('killed in a step that may be retried, has its attempt counted', async () => {
    const arn = await begin('die in the first attempt');
    expect(await resultOf(arn)).toEqual(['RUNNING', undefined]);
    await advance(day / 24);

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '"written"']);
    expect(lines()).toEqual(['write', 'StepInterruptedError 1', 'write']);
  });

  test('killed while an execution rests for 30 days, changes nothing about its end', async () => {
    const arn = await begin('rest for 30 days');
    const first = host.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await until(async () => host.pid === undefined);
    await advance(29 * day);
    expect(host.pid).toBeUndefined();
    await advance(day);

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '30']);
    expect(lines()).toEqual([`begin ${first}`, `begin ${host.pid}`, `end ${host.pid}`]);
  });

  test('knows no other function', async () => {
    await expect(host.invoke('usher-test-none', {})).rejects.toThrow('there is no function usher-test-none');
  });
});
