import { setTimeout } from 'node:timers/promises';
import {
  SendDurableExecutionCallbackFailureCommand,
  SendDurableExecutionCallbackHeartbeatCommand,
  SendDurableExecutionCallbackSuccessCommand,
} from '@aws-sdk/client-lambda';
import { lambdaContext } from '../../sandbox/gateway-event.ts';
import { durableSample, type Workflow } from '../support/durable-sample.ts';
import { time } from '../support/time.ts';

const sample = durableSample();
const { handler, name, lambda, invoke, get, start, advance, resultOf } = sample;
const day = 86_400_000;

let callbackId = '';
beforeEach(() => {
  callbackId = '';
});

const succeed = (Result?: string, CallbackId = callbackId) =>
  sample.client.send(
    new SendDurableExecutionCallbackSuccessCommand({ CallbackId, ...(Result && { Result: Buffer.from(Result) }) }),
  );

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
    expect(sample.invocations).toHaveLength(2);
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
    expect(sample.invocations).toHaveLength(1);
  });

  test('that comes between the last checkpoint of an invocation and its end is not lost', async () => {
    sample.does(waitForIt());
    lambda.invokeBy(async (_, event) => {
      const answer = await handler(event as never, lambdaContext(name));
      if (sample.invocations.push({}) === 1) await succeed('just now');
      return answer;
    });
    const { DurableExecutionArn = '' } = await invoke();
    await lambda.settled();

    expect(await resultOf(DurableExecutionArn)).toEqual(['SUCCEEDED', '"just now"']);
    expect(sample.invocations).toHaveLength(2);
  });

  test('fails the wait with its error', async () => {
    const arn = await start(waitForIt());
    await sample.client.send(
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
      await sample.client.send(new SendDurableExecutionCallbackHeartbeatCommand({ CallbackId: callbackId }));
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
