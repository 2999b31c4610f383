/** Run as a program: the process in which the durable functions run. Driven by `workflow-host.ts`. */
import { pathToFileURL } from 'node:url';
import type { Context } from 'aws-lambda';
import { clock } from '../functions/shared/clock.ts';
import { lambdaContext } from './gateway-event.ts';
import type { Report, Task } from './workflow-host.ts';

interface FunctionModule {
  handler: (event: object, context: Context) => Promise<unknown>;
}

let clockOffsetMs = 0;
clock.now = () => Date.now() + clockOffsetMs;

process.on('disconnect', () => process.exit()); // the sandbox has ended
process.on('message', async (task: Task) => {
  clockOffsetMs = task.clockOffsetMs;
  Object.assign(process.env, task.env);
  process.send?.(await reportOf(task));
});

async function reportOf({ number, entry, functionName, event, timeoutMs }: Task): Promise<Report> {
  try {
    const { handler } = (await import(pathToFileURL(entry).href)) as FunctionModule;
    return { number, returned: await handler(event, lambdaContext(functionName, timeoutMs)) };
  } catch (error) {
    console.error(`${functionName} failed:`, error);
    return { number, thrown: String(error) };
  }
}
