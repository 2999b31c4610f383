import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { listen } from '../../sandbox/simulator.ts';

interface Started {
  child: ChildProcessWithoutNullStreams;
  printed: { stdout: string; stderr: string };
  exitCode: Promise<unknown>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const tsx = createRequire(import.meta.url).resolve('tsx/cli');

/** Away from the usual ports, and different in each process. */
const port = 20_001 + (process.pid % 500) * 20;
const urlOf = (service: number) => `http://127.0.0.1:${port + service}`;
const [api, wecom, dingtalk, wibiclick, aws] = [0, 14, 15, 16, 17].map(urlOf);

/** What the shell of somebody with an AWS account holds. */
const ownAws = {
  AWS_PROFILE: 'production',
  AWS_SESSION_TOKEN: 'own',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
  AWS_USE_FIPS_ENDPOINT: 'true',
};

const children: ChildProcessWithoutNullStreams[] = [];
afterAll(() => children.map((child) => child.kill()));

function start(usherPort = String(port)): Started {
  const env = { PATH: process.env.PATH, ...ownAws, USHER_PORT: usherPort };
  const child = spawn(process.execPath, [tsx, 'sandbox/start.ts'], { cwd: root, env });
  children.push(child);

  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      printed[stream] += text;
    });
  }
  return { child, printed, exitCode: once(child, 'close').then(([code]) => code) };
}

async function startReady(): Promise<Started> {
  const started = start();
  const welcomed = new Promise<void>((resolve) => {
    started.child.stdout.on('data', () => started.printed.stdout.includes('Ctrl-C stops') && resolve());
  });
  await Promise.race([welcomed, started.exitCode]);
  expect(started.printed.stderr).toBe('');
  return started;
}

const isListening = (url = api) =>
  fetch(String(url)).then(
    () => true,
    () => false,
  );

describe('a started sandbox', () => {
  let started: Started;

  beforeAll(async () => {
    started = await startReady();
  });
  afterAll(() => {
    started.child.kill();
    return started.exitCode;
  });

  const statusOf = (command: string) =>
    execFileSync('bash', ['-c', command.replace('curl', "curl -sS -o /dev/null -w '%{http_code}'")], {
      encoding: 'utf8',
    });

  const keysOfState = async (simulator = '') =>
    Object.keys((await (await fetch(`${simulator}/_sandbox/state`)).json()) as object);

  test('prints requests that work as they are, and nothing else', () => {
    const { stdout } = started.printed;
    const commands = stdout.split('\n').filter((line) => line.startsWith('curl '));

    expect(commands.map((command) => [command, statusOf(command)])).toEqual([
      [expect.stringContaining('POST'), '200'],
      [expect.stringContaining('/wecom/users/'), '200'],
      [expect.stringContaining('handoverResource'), '200'],
      [expect.stringContaining('/wibiclick/websites/201/users/101'), '200'],
      [expect.stringContaining('/wecom/users'), '400'],
      [expect.stringContaining('/_sandbox/state'), '200'],
    ]);
    expect(started.printed).toEqual({ stdout, stderr: '' });
  });

  test('shows a page, and the document that the page loads', async () => {
    const page = await fetch(`${api}/`);
    const document = await fetch(`${api}/openapi.json`);

    expect(page.status).toBe(200);
    expect(await document.json()).toMatchObject({
      openapi: '3.1.0',
      paths: { '/wecom/users/{userid}': { delete: {} }, '/openapi.json': { get: {} } },
    });
  });

  test('fires events on demand, and shows all of them and what was refused', async () => {
    const control = async (name: string, body?: object) => {
      const request = body && { method: 'POST', body: JSON.stringify(body) };
      return (await (await fetch(`${aws}/_sandbox/${name}`, request)).json()) as Record<string, unknown>[];
    };
    const detail = { person: 'Wang Wu', accounts: { wecom: { userid: 'wangwu' } } };
    const leaver = (given: object) => control('events', { source: 'hr', 'detail-type': 'Leaver', detail: given });
    const occurredAt = new Date().toISOString();

    expect(await leaver({ ...detail, eventId: 'one', occurredAt })).toEqual({
      id: expect.any(String),
      invoked: ['offboarding/on-leaver'],
    });
    await leaver({ ...detail, eventId: 'two', occurredAt });

    const seen = (await control('events')).map((event) => `${event.source} ${event['detail-type']}`);
    expect(seen).toEqual(expect.arrayContaining(['hr Leaver', 'usher Run.planned', 'usher Run.disabling']));
    expect(await control('dead-letters')).toMatchObject([{ eventId: 'two', subjects: ['wecom:wangwu'] }]);
    expect(await control('events', { source: 'hr' })).toHaveProperty('message');
  });

  test('has everything at its distance from USHER_PORT', async () => {
    expect(await keysOfState(wecom)).toEqual(expect.arrayContaining(['members', 'departments']));
    expect(await keysOfState(dingtalk)).toEqual(expect.arrayContaining(['members', 'handovers']));
    expect(await keysOfState(wibiclick)).toEqual(expect.arrayContaining(['websites', 'links']));
    expect(await (await fetch(String(aws), { method: 'POST', body: '{}' })).text()).toContain('secretsmanager');
  });
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it well, with nothing left running', async (signal) => {
  const { child, printed, exitCode } = await startReady();
  child.kill(signal);

  expect(await exitCode).toBe(0);
  expect(printed.stderr).toBe('');
  expect(await isListening()).toBe(false);
});

test.each([
  [0, 'the API'],
  [14, 'the WeCom simulator'],
  [17, 'the AWS endpoint'],
])('says in one line that the port at distance %i is taken, and what it is for', async (distance, name) => {
  const other = await listen((_, response) => response.end(), port + distance);
  const { printed, exitCode } = start();

  expect(await exitCode).toBe(1);
  expect(printed.stdout).toBe('');
  expect(printed.stderr).toMatch(new RegExp(`^Port ${port + distance}, for ${name}, is taken\\. USHER_PORT .*\n$`));
  await other.close();
  expect(await isListening()).toBe(false);
});

test.each(['', 'abc', '0', '65530'])('refuses "%s" as USHER_PORT', async (usherPort) => {
  const { printed, exitCode } = start(usherPort);

  expect(await exitCode).toBe(1);
  expect(printed.stderr).toMatch(new RegExp(`^USHER_PORT is "${usherPort}"; it must be a number from 1 to \\d+\\.\n$`));
});
