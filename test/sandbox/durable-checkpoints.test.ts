import { CheckpointDurableExecutionCommand, GetDurableExecutionStateCommand } from '@aws-sdk/client-lambda';
import { durableSample } from '../support/durable-sample.ts';
import { until } from '../support/until.ts';

const sample = durableSample();
const { lambda, invoke } = sample;

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
      sample.client.send(
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
      sample.client.send(new GetDurableExecutionStateCommand({ DurableExecutionArn: arn, CheckpointToken: token }));
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
      sample.client.send(
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
