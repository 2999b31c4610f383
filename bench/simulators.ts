import { env } from '../functions/shared/env-names.ts';
import { startAws } from '../sandbox/aws.ts';
import { createDingtalkSimulator } from '../sandbox/dingtalk.ts';
import { createTable, startDynamodb } from '../sandbox/dynamodb.ts';
import { secretsFor, setEnvironment, tableName } from '../sandbox/environment.ts';
import { listen, startSimulator } from '../sandbox/simulator.ts';
import { createWecomSimulator } from '../sandbox/wecom.ts';
import { createWibiclickSimulator } from '../sandbox/wibiclick.ts';
import type { Addresses } from './control.ts';
import { Trace } from './trace.ts';

export interface Simulators {
  addresses: Addresses;
  trace: Trace;
  /** The environment of a function, as the stack sets it, with a table of its own that is empty. */
  newFunctionEnv(): Promise<NodeJS.ProcessEnv>;
  close(): Promise<void>;
}

/** No measured request may wait for its turn, nor be refused for the number of those before it. */
const callsPerSecond = 100_000;
const limits = {
  [env.dingtalkCallsPerSecond]: String(callsPerSecond),
  [env.fence]: JSON.stringify({ perDay: 1_000_000 }),
};

/** The three providers, Secrets Manager and DynamoDB, in this process: what is measured runs in others. */
export async function startSimulators(): Promise<Simulators> {
  const trace = new Trace();
  const wecom = await startSimulator(trace.watched('wecom', createWecomSimulator()));
  const dingtalk = await startSimulator(trace.watched('dingtalk', createDingtalkSimulator({ callsPerSecond })));
  const wibiclick = await startSimulator(trace.watched('wibiclick', createWibiclickSimulator()));
  const providers = { wecom: wecom.url, dingtalk: dingtalk.url, wibiclick: wibiclick.url };
  const aws = await startAws(secretsFor(providers));
  const dynamodb = await startDynamodb(tableName, 0, (request) => trace.watchStore(request));
  const traced = await listen((_request, response) => void response.end(JSON.stringify(trace.take())), 0);
  setEnvironment(aws.url, dynamodb.url);
  const settings = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(AWS|USHER)_/.test(name)));

  let tables = 0;
  return {
    addresses: { providers: Object.values(providers), trace: traced.url },
    trace,
    newFunctionEnv: async () => {
      tables += 1;
      const table = `${tableName}-${tables}`;
      await createTable(dynamodb.url, table);
      return { ...settings, ...limits, [env.table]: table };
    },
    close: async () => {
      await Promise.all([wecom, dingtalk, wibiclick, aws, dynamodb, traced].map((server) => server.close()));
    },
  };
}
