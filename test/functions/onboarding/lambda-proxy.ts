import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listen, type RunningServer } from '../../../sandbox/simulator.ts';

const endpoint = 'AWS_ENDPOINT_URL_LAMBDA';

/** What a call of Lambda does. */
export type LambdaCall = 'invoke' | 'wake' | 'checkpoint' | 'look';

const callOf = (method: string, path: string): LambdaCall => {
  if (path.endsWith('/invocations')) return 'invoke';
  if (path.endsWith('/succeed')) return 'wake';
  return method === 'GET' ? 'look' : 'checkpoint';
};

/** As long as a function that was started may work before anybody misses the answer. */
const lostAfterMs = 700;

/** Stands between the functions and Lambda: hears what is sent, and cuts calls off when told to. To be made after it. */
export function proxiedLambda() {
  let server: RunningServer;
  let heard: { call: LambdaCall; body: string }[] = [];
  let refused: LambdaCall[] = [];
  let lost: LambdaCall[] = [];

  beforeAll(async () => {
    const target = new URL(process.env[endpoint] ?? '');
    server = await listen(async (incoming, outgoing) => {
      const { method = '', url: path = '', headers } = incoming;
      const call = callOf(method, path);
      const body = await buffer(incoming);
      if (refused.includes(call)) return void outgoing.writeHead(503).end('{}');
      heard.push({ call, body: body.toString() });
      const index = lost.indexOf(call);
      if (index >= 0) lost.splice(index, 1);
      const onward = request(new URL(path, target), { method, headers }, (reply) => {
        if (index >= 0) return void setTimeout(() => incoming.socket.destroy(), lostAfterMs);
        outgoing.writeHead(reply.statusCode ?? 500, reply.headers);
        reply.pipe(outgoing);
      });
      onward.end(body);
    }, 0);
    process.env[endpoint] = server.url;
  });
  beforeEach(() => {
    heard = [];
    refused = [];
    lost = [];
  });
  afterAll(() => server.close());

  return {
    /** The bodies of the calls that came through. */
    heard: (call: LambdaCall): string[] => heard.filter((one) => one.call === call).map(({ body }) => body),
    /** From now on calls of these kinds are refused, and no others. */
    refuse: (...calls: LambdaCall[]): void => {
      refused = calls;
    },
    /** The next `times` calls of this kind take effect, and their answers are lost. */
    loseAnswers: (call: LambdaCall, times: number): void => {
      lost = Array.from({ length: times }, () => call);
    },
  };
}
