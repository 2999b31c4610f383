import { StepSemantics } from '@aws/durable-execution-sdk-js';
import {
  ListDurableExecutionsByFunctionCommand,
  type ListDurableExecutionsByFunctionCommandOutput,
  StopDurableExecutionCommand,
} from '@aws-sdk/client-lambda';
import { clock } from '../../functions/shared/clock.ts';
import { durableSample } from '../support/durable-sample.ts';
import { time } from '../support/time.ts';
import { until } from '../support/until.ts';

const sample = durableSample();
const { name, lambda, invoke, get, start, advance, resultOf } = sample;
const day = 86_400_000;

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
    expect(sample.invocations).toHaveLength(2);
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
    sample.does(async () => 'in the end');
    let failures = 2;
    lambda.invokeBy(async (_, event) => {
      failures -= 1;
      if (failures >= 0) throw new Error('died');
      sample.invocations.push({ ...event });
      return { Status: 'SUCCEEDED', Result: '"in the end"' };
    });
    const { DurableExecutionArn } = await invoke();
    await lambda.settled();

    expect(await resultOf(DurableExecutionArn ?? '')).toEqual(['SUCCEEDED', '"in the end"']);
    expect(sample.invocations).toHaveLength(1);
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
    sample.does(async (context) => {
      await gate.promise;
      return context.step(async () => 'late');
    });
    const { DurableExecutionArn = '' } = await invoke();
    await until(async () => sample.invocations.length === 1);
    const stopped = await sample.client.send(
      new StopDurableExecutionCommand({ DurableExecutionArn, Error: { ErrorMessage: 'enough' } }),
    );
    gate.resolve();
    await lambda.settled();

    expect(stopped.StopTimestamp).toEqual((await get(DurableExecutionArn)).EndTimestamp);
    expect(await resultOf(DurableExecutionArn)).toEqual(['STOPPED', 'enough']);
    expect(sample.invocations).toHaveLength(1);
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
    expect([lambda.executions().length, sample.invocations.length]).toEqual([1, 1]);
  });

  test('by a name that is there, with another payload, is refused', async () => {
    await start(async () => 'done', named('{"a":1}'));

    await expect(invoke(named('{"a":2}'))).rejects.toMatchObject({
      name: 'DurableExecutionAlreadyStartedException',
      $metadata: { httpStatusCode: 409 },
    });
  });

  test('at the same moment by one name makes one execution', async () => {
    sample.does(async () => 'done');
    const started = await Promise.all([1, 2, 3].map(() => invoke(named('{}'))));
    await lambda.settled();

    expect(new Set(started.map(({ DurableExecutionArn }) => DurableExecutionArn)).size).toBe(1);
    expect(sample.invocations).toHaveLength(1);
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
    expect(sample.invocations).toEqual([]);
  });

  test('and waiting gives the result, or the error, when the execution ends', async () => {
    sample.does(async (context) => context.wait({ seconds: 1 }).then(() => ({ well: true })));
    const answering = invoke({ InvocationType: 'RequestResponse' });
    await until(async () => lambda.executions().some(({ parked }) => parked));
    lambda.advance(1_000);
    const answer = await answering;
    sample.does(async () => {
      throw new Error('broken');
    });
    const failed = await invoke({ InvocationType: 'RequestResponse' });

    expect([answer.StatusCode, answer.Payload?.transformToString()]).toEqual([200, '{"well":true}']);
    expect(failed.FunctionError).toBe('Unhandled');
    expect(failed.Payload?.transformToString()).toContain('"errorMessage":"broken"');
  });

  test('shows in the list of the executions of the function', async () => {
    const list = (filter = {}) =>
      sample.client.send(new ListDurableExecutionsByFunctionCommand({ FunctionName: name, ...filter }));
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
    expect(sample.invocations).toHaveLength(1);
    await advance(60_000);

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '"rested"']);
    expect(sample.invocations[1]?.UpdatedOperationIds).toHaveLength(1);
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

describe('another engine over the same table', () => {
  test('leaves what rests alone until it is due', async () => {
    const arn = await start(async (context) => {
      const what = await context.step(async () => 'rested');
      await context.wait({ days: 30 });
      return what;
    });
    await lambda.restart();
    await lambda.settled();
    expect(sample.invocations).toHaveLength(1);
    await advance(30 * day);

    expect(await resultOf(arn)).toEqual(['SUCCEEDED', '"rested"']);
    expect(sample.invocations).toHaveLength(2);
  });

  test('goes on with what ran, whose old invocation can write nothing any more', async () => {
    const gate = Promise.withResolvers<void>();
    const wrote: string[] = [];
    sample.does(async (context) => {
      const mine = sample.invocations.length;
      if (mine === 1) await gate.promise;
      return context.step(
        async () => {
          wrote.push(`invocation ${mine}`);
        },
        { semantics: StepSemantics.AtMostOncePerRetry },
      );
    });
    const { DurableExecutionArn = '' } = await invoke();
    await until(async () => sample.invocations.length === 1);
    await lambda.restart();
    await lambda.settled();
    gate.resolve();
    await lambda.settled();

    expect((await get(DurableExecutionArn)).Status).toBe('SUCCEEDED');
    expect(wrote).toEqual(['invocation 2']);
  });
});
