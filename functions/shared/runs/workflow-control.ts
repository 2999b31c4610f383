import {
  GetDurableExecutionCommand,
  InvokeCommand,
  LambdaClient,
  SendDurableExecutionCallbackSuccessCommand,
} from '@aws-sdk/client-lambda';
import { workflowEnv } from '../env-names.ts';
import { OperationError } from '../errors.ts';
import { logger, whereOf } from '../log.ts';
import type { Run, RunKind } from './run.ts';
import { changeRun } from './run-store.ts';

let client: LambdaClient | undefined;

const lambda = (): LambdaClient => {
  client ??= new LambdaClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000 },
  });
  return client;
};

/** What the workflow of a run is started with: ids only. */
export interface WorkflowInput {
  runId: string;
  generation: number;
}

/**
 * Starts the execution that the run's generation names, and notes which it is. A second start of the same one is harmless.
 * @throws OperationError `store_unavailable` when it cannot be started; nothing was sent to a provider then
 */
export async function startExecution(run: Run): Promise<Run> {
  const execution = await startWorkflow(run);
  const noted = execution && (await changeRun(run, { set: { execution }, when: { generation: run.generation } }));
  return noted || run;
}

/** @returns the ARN of the execution */
async function startWorkflow({ id, kind, generation }: Run): Promise<string | undefined> {
  const input: WorkflowInput = { runId: id, generation };
  try {
    const { DurableExecutionArn } = await lambda().send(
      new InvokeCommand({
        FunctionName: workflowName(kind),
        InvocationType: 'Event',
        DurableExecutionName: `${id}-${generation}`,
        Payload: JSON.stringify(input),
      }),
    );
    return DurableExecutionArn;
  } catch (error) {
    const reason = Error.isError(error) ? error.name : 'unknown reason';
    throw new OperationError('store_unavailable', `the workflow of ${kind} ${id} cannot be started (${reason})`, {
      retryAfter: 5,
      fix: 'Try again. If it lasts, check that the function of the workflow is deployed, and the rights to invoke it.',
    });
  }
}

/** Wakes the workflow, if it has lain down. One that is up, or gone, needs no waking: it looks by itself, or is restarted. */
export async function wakeWorkflow({ wake }: Run): Promise<void> {
  if (!wake) return;
  try {
    await lambda().send(new SendDurableExecutionCallbackSuccessCommand({ CallbackId: wake }));
  } catch (error) {
    logger.warn('a workflow was not woken; it looks by itself when its time comes', whereOf(error));
  }
}

/** Whether an execution can still do something. One that AWS does not know any more cannot. */
export async function isRunning(executionArn: string): Promise<boolean> {
  try {
    const { Status } = await lambda().send(new GetDurableExecutionCommand({ DurableExecutionArn: executionArn }));
    return Status === 'RUNNING';
  } catch (error) {
    if (Error.isError(error) && error.name === 'ResourceNotFoundException') return false;
    throw error;
  }
}

function workflowName(kind: RunKind): string {
  const name = process.env[workflowEnv(kind)];
  if (!name) throw new Error(`the environment lacks ${workflowEnv(kind)}`);
  return name;
}
