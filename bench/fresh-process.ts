import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

/**
 * Runs `file` with `task` in a process of its own and gives what it writes to its descriptor 3. No IPC: its channel would
 * load parts of Node.js before the handler asks for them. Log lines are written as in production, to a standard output
 * that leads to /dev/null: one system call each, and nobody spends time on reading them.
 * @throws Error when it fails; its own words are on standard error
 */
export async function inFreshProcess<Result>(file: string, task: object, env: NodeJS.ProcessEnv): Promise<Result> {
  const child = spawn(process.execPath, [file, JSON.stringify(task)], {
    env,
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  const [result] = await Promise.all([text(child.stdio[3] as Readable), once(child, 'close')]);
  if (child.exitCode !== 0) throw new Error(`${file} failed with ${JSON.stringify(task).slice(0, 300)}`);
  return JSON.parse(result) as Result;
}
