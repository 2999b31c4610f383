import { request } from 'node:http';
import { listen, type RunningServer } from '../../sandbox/simulator.ts';

const endpoint = 'AWS_ENDPOINT_URL_DYNAMODB';

/** Stands between the functions and the store: counts the calls, and cuts them off when told to. */
export function proxiedStore() {
  let server: RunningServer;
  let calls: string[] = [];
  let refuses: (call: string) => boolean = () => false;
  let lost: string | undefined;
  let held: { call: string; until: Promise<unknown> } | undefined;

  beforeAll(async () => {
    const target = process.env[endpoint] ?? '';
    server = await listen(async (incoming, outgoing) => {
      const call = String(incoming.headers['x-amz-target']).replace(/^.*\./, '');
      if (refuses(call)) return void incoming.socket.destroy();
      calls.push(call);
      if (held?.call === call) {
        const { until } = held;
        held = undefined;
        await until;
      }
      const { method, headers } = incoming;
      const isLost = lost === call;
      if (isLost) lost = undefined;
      const onward = request(target, { method, headers }, (reply) => {
        if (isLost) return void incoming.socket.destroy();
        outgoing.writeHead(reply.statusCode ?? 500, reply.headers);
        reply.pipe(outgoing);
      });
      incoming.pipe(onward);
    }, 0);
    process.env[endpoint] = server.url;
  });
  beforeEach(() => {
    calls = [];
    refuses = () => false;
    lost = undefined;
    held = undefined;
  });
  afterAll(() => server.close());

  return {
    /** The calls that came through since they were taken last, or since the test began. */
    takeCalls: (): string[] => calls.splice(0),
    /** From now on the calls for which this holds are cut off. */
    refuse: (which: (call: string) => boolean = () => true): void => {
      refuses = which;
    },
    /** The next call of this name waits for something else. */
    hold: (call: string, until: Promise<unknown>): void => {
      held = { call, until };
    },
    /** The next call of this name takes effect, and its answer is lost. */
    loseAnswer: (call: string): void => {
      lost = call;
    },
  };
}
