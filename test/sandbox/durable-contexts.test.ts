import { durableSample } from '../support/durable-sample.ts';

const sample = durableSample();
const { lambda, start, advance, resultOf } = sample;
const day = 86_400_000;

describe('contexts', () => {
  const operationsOf = (invocation: number) => {
    const { InitialExecutionState } = sample.invocations[invocation] as {
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
    expect(sample.invocations).toHaveLength(1);
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
