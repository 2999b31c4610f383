import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { handler } from '../../functions/system/doctor.ts';
import { startApi } from '../../sandbox/api.ts';
import type { RunningServer } from '../../sandbox/simulator.ts';
import { closedServer } from '../functions/dingtalk/support.ts';
import { doctor, wecom } from '../functions/system/doctor/support.ts';
import { logLines } from '../support/log-lines.ts';
import { startScript } from '../support/scripted-server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tsx = createRequire(import.meta.url).resolve('tsx/cli');
logLines();

let api: RunningServer;
beforeEach(async () => {
  api = await startApi([{ id: 'system/doctor', operation: handler.operation, handler }]);
});
afterEach(() => api.close());

/** `npm run doctor -- <where>` */
async function run(where: string, stdin = '') {
  const child = spawn(process.execPath, [tsx, 'infra/doctor.ts', where], {
    cwd: root,
    env: { PATH: process.env.PATH },
  });
  child.stdin.end(stdin);
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { stdout, stderr, exitCode };
}

test('prints what was checked, and ends with 0 when nothing is wrong', async () => {
  const { stdout, stderr, exitCode } = await run(api.url);

  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  expect(stdout).toMatch(/^store\n {2}checked {3}the table can be read\n\nwecom\n/);
  expect(stdout).toContain('unknown   contactSecret: whether it may edit');
  expect(stdout).toMatch(/\nNothing is wrong\.\n$/);
});

test('prints each finding with its code and fix, and ends with 1 when one is an error', async () => {
  await wecom.secret({ contactSecret: 'wrong' });

  const { stdout, exitCode } = await run(`${api.url}/`);

  expect(exitCode).toBe(1);
  expect(stdout).toMatch(
    /\n {2}ERROR {5}contactSecret lists ids: .*40001.* \(provider_credentials\)\n {12}\S.*通讯录同步/,
  );
  expect(stdout).toMatch(/\n {2}warning {3}secret: customerContactSecret is missing/);
});

test('prints an answer that another program fetched', async () => {
  const { stdout, exitCode } = await run('-', JSON.stringify(await doctor()));

  expect(exitCode).toBe(0);
  expect(stdout).toContain('Nothing is wrong.');
});

test.each([
  ['signed', [{ status: 403, body: { message: 'Forbidden' } }], /HTTP 403.*curl .*--aws-sigv4/s],
  ['of Usher', [{ body: { hello: 'world' } }], /^This is no answer of GET \/doctor: {"hello":"world"}\n$/],
])('says in words that the API is not %s', async (_, replies, words) => {
  const server = await startScript(replies);

  const { stdout, stderr, exitCode } = await run(server.url);

  expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 });
  expect(stderr).toMatch(words);
  await server.close();
});

test('says in words that nothing answers', async () => {
  const { stderr, exitCode } = await run(await closedServer());

  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^Nothing answers at http:\S+\. `npm start` starts the sandbox\.\n$/);
});
