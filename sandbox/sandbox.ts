import { writeOpenApi } from '../infra/openapi.ts';
import { loadOperations, loadSchedules } from '../infra/operations.ts';
import { startApi } from './api.ts';
import { startAws } from './aws.ts';
import { sandboxControls } from './controls.ts';
import { createDingtalkSimulator } from './dingtalk.ts';
import { startDynamodb } from './dynamodb.ts';
import { forgetAws, secretsFor, setEnvironment, tableName } from './environment.ts';
import { portRefused, type Service, services } from './ports.ts';
import { type RunningServer, startSimulator } from './simulator.ts';
import { createWecomSimulator } from './wecom.ts';
import { createWibiclickSimulator } from './wibiclick.ts';

export interface Sandbox extends Record<Service, RunningServer> {
  close(): Promise<void>;
}

/**
 * Starts everything on loopback, once in a process, whose environment it sets. `port` 0 takes free ports throughout.
 * @throws CannotStart when a port is refused; nothing is left running then
 */
export async function startSandbox(port: number): Promise<Sandbox> {
  const running: RunningServer[] = [];
  const close = async () => {
    await Promise.all(running.map((server) => server.close()));
  };
  const start = async (service: Service, serve: (port: number) => Promise<RunningServer>) => {
    const wanted = port === 0 ? 0 : port + services[service].offset;
    const server = await serve(wanted).catch((error) => {
      throw portRefused(service, wanted, error);
    });
    running.push(server);
    return server;
  };

  try {
    forgetAws();
    const wecom = await start('wecom', (at) => startSimulator(createWecomSimulator(), at));
    const dingtalk = await start('dingtalk', (at) => startSimulator(createDingtalkSimulator(), at));
    const wibiclick = await start('wibiclick', (at) => startSimulator(createWibiclickSimulator(), at));
    const secrets = secretsFor({ wecom: wecom.url, dingtalk: dingtalk.url, wibiclick: wibiclick.url });
    const aws = await start('aws', (at) => startAws(secrets, at, sandboxControls(loadSchedules)));

    const dynamodb = await start('dynamodb', (at) => startDynamodb(tableName, at));

    setEnvironment(aws.url, dynamodb.url); // before the handlers are loaded, since that is when they read it
    const operations = await loadOperations();
    writeOpenApi(operations);
    const api = await start('api', (at) => startApi(operations, at));
    return { api, wecom, dingtalk, wibiclick, aws, dynamodb, close };
  } catch (error) {
    await close();
    throw error;
  }
}
