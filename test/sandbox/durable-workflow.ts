/** A durable function for a process that is killed. What it does shows in the file that its input names. */
import { appendFileSync, readFileSync } from 'node:fs';
import {
  type DurableContext,
  retryPresets,
  StepError,
  StepSemantics,
  withDurableExecution,
} from '@aws/durable-execution-sdk-js';
import { clock } from '../../functions/shared/clock.ts';

export interface Input {
  file: string;
  plan: 'die in a step' | 'die in the only attempt' | 'die in the first attempt' | 'rest for 30 days';
}

const day = 86_400_000;

export const handler = withDurableExecution(async ({ file, plan }: Input, context: DurableContext) => {
  const note = (line: string) => appendFileSync(file, `${line}\n`);
  const dieOnce = async () => {
    const isFirst = !readFileSync(file, 'utf8').includes('write');
    note('write');
    if (isFirst) process.kill(process.pid, 'SIGKILL');
    return 'written';
  };

  switch (plan) {
    case 'die in a step':
      return context.step('write', dieOnce, { semantics: StepSemantics.AtLeastOncePerRetry });
    case 'die in the only attempt':
      return context
        .step('write', dieOnce, {
          semantics: StepSemantics.AtMostOncePerRetry,
          retryStrategy: retryPresets.noRetry,
        })
        .catch((error) => (error instanceof StepError ? error.cause?.name : error));
    case 'die in the first attempt':
      return context.step('write', dieOnce, {
        semantics: StepSemantics.AtMostOncePerRetry,
        retryStrategy: (error, attempt) => {
          note(`${error.name} ${attempt}`);
          return { shouldRetry: true, delay: { hours: 1 } };
        },
      });
    case 'rest for 30 days': {
      const day0 = await context.step('begin', async () => clock.now());
      note(`begin ${process.pid}`);
      await context.wait('rest', { days: 30 });
      note(`end ${process.pid}`);
      return Math.floor((clock.now() - day0) / day);
    }
  }
});
