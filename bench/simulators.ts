import { env } from '../functions/shared/env-names.ts';
import { startAws } from '../sandbox/aws.ts';
import { createDingtalkSimulator } from '../sandbox/dingtalk.ts';
import { startDynamodb } from '../sandbox/dynamodb.ts';
import { secretsFor, setEnvironment, tableName } from '../sandbox/environment.ts';
import { startSimulator } from '../sandbox/simulator.ts';
import { createWecomSimulator } from '../sandbox/wecom.ts';
import { createWibiclickSimulator } from '../sandbox/wibiclick.ts';

export type ProviderName = 'wecom' | 'dingtalk' | 'wibiclick';

export interface Simulators {
  urls: Record<ProviderName, string>;
  /** The environment of a function, as the stack sets it, with the addresses of the simulators. */
  functionEnv: NodeJS.ProcessEnv;
  close(): Promise<void>;
}

/** No measured request may wait for its turn. */
const callsPerSecond = 100_000;

/** The three providers and Secrets Manager, in this process: what is measured runs in others. */
export async function startSimulators(): Promise<Simulators> {
  const wecom = await startSimulator(createWecomSimulator());
  const dingtalk = await startSimulator(createDingtalkSimulator({ callsPerSecond }));
  const wibiclick = await startSimulator(createWibiclickSimulator());
  const urls = { wecom: wecom.url, dingtalk: dingtalk.url, wibiclick: wibiclick.url };
  const aws = await startAws(secretsFor(urls));
  const dynamodb = await startDynamodb(tableName);
  setEnvironment(aws.url, dynamodb.url);
  const settings = Object.entries(process.env).filter(([name]) => /^(AWS|USHER)_/.test(name));
  return {
    urls,
    functionEnv: {
      ...Object.fromEntries(settings),
      [env.dingtalkCallsPerSecond]: String(callsPerSecond),
    },
    close: async () => {
      await Promise.all([wecom, dingtalk, wibiclick, aws, dynamodb].map((server) => server.close()));
    },
  };
}
