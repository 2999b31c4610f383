import { clock } from '../functions/shared/clock.ts';
import { workflowEnv } from '../functions/shared/env-names.ts';
import { writeOpenApi } from '../infra/openapi.ts';
import {
  functionNameOf,
  loadEvents,
  loadLostEvents,
  loadOperations,
  loadSchedules,
  loadWorkflows,
} from '../infra/operations.ts';
import { startApi } from './api.ts';
import { type LambdaEndpoint, startAws } from './aws.ts';
import { sandboxControls } from './controls.ts';
import { createDingtalkSimulator } from './dingtalk.ts';
import { DurableEngine } from './durable-engine.ts';
import { startDynamodb } from './dynamodb.ts';
import { durableTableName, forgetAws, secretsFor, setEnvironment, stage, tableName } from './environment.ts';
import { EventBus } from './event-bus.ts';
import { answerLambda } from './lambda.ts';
import { portRefused, type Service, services } from './ports.ts';
import { type RunningServer, type SimulatedProvider, startSimulator } from './simulator.ts';
import { createWecomSimulator } from './wecom.ts';
import { createWibiclickSimulator } from './wibiclick.ts';
import { type DurableFunction, WorkflowHost } from './workflow-host.ts';

/** Simulators in place of the usual ones. */
export type Simulators = Partial<Record<'wecom' | 'dingtalk' | 'wibiclick', SimulatedProvider>>;

export interface Sandbox extends Record<Service, RunningServer> {
  workflows: WorkflowHost;
  close(): Promise<void>;
}

/**
 * Starts everything on loopback, once in a process, whose environment it sets. `port` 0 takes free ports throughout.
 * @throws CannotStart when a port is refused; nothing is left running then
 */
export async function startSandbox(port: number, simulators: Simulators = {}): Promise<Sandbox> {
  const running: RunningServer[] = [];
  const closers: (() => void)[] = [];
  const close = async () => {
    for (const stop of closers) stop();
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
    const {
      wecom: wecomSimulator = createWecomSimulator({ now: () => clock.now() }),
      dingtalk: dingtalkSimulator = createDingtalkSimulator(),
      wibiclick: wibiclickSimulator = createWibiclickSimulator(),
    } = simulators;
    const wecom = await start('wecom', (at) => startSimulator(wecomSimulator, at));
    const dingtalk = await start('dingtalk', (at) => startSimulator(dingtalkSimulator, at));
    const wibiclick = await start('wibiclick', (at) => startSimulator(wibiclickSimulator, at));
    const secrets = secretsFor({ wecom: wecom.url, dingtalk: dingtalk.url, wibiclick: wibiclick.url });
    const dynamodb = await start('dynamodb', (at) => startDynamodb(tableName, at));

    const functions = new Map<string, DurableFunction>(); // filled below, since loading them takes the address of AWS
    const workflows = new WorkflowHost({ functions, clockOffsetMs: () => clock.now() - Date.now() });
    const engine = new DurableEngine({
      now: () => clock.now(),
      endpoint: dynamodb.url,
      table: durableTableName,
      functions,
      invoke: (functionName, event) => workflows.invoke(functionName, event),
    });
    closers.push(
      () => engine.close(),
      () => workflows.close(),
    );
    await engine.recover();
    const bus = new EventBus(loadEvents, loadLostEvents);
    const controls = sandboxControls({ loadSchedules, bus, advanced: () => engine.tick() });
    const lambda: LambdaEndpoint = (request, response) => answerLambda(engine, request, response);
    const aws = await start('aws', (at) => startAws(secrets, at, controls, lambda, bus.actions()));

    setEnvironment(aws.url, dynamodb.url); // before the handlers are loaded, since that is when they read it
    for (const durable of await durableFunctions()) functions.set(durable.functionName, durable);
    if (functions.size > 0) workflows.start();
    const operations = await loadOperations();
    writeOpenApi(operations);
    const api = await start('api', (at) => startApi(operations, at));
    return { api, wecom, dingtalk, wibiclick, aws, dynamodb, workflows, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The workflows, each announced to the functions that start it. */
async function durableFunctions(): Promise<DurableFunction[]> {
  return (await loadWorkflows()).map(({ id, entry, operation }) => {
    const functionName = functionNameOf(stage, id);
    process.env[workflowEnv(operation.workflow)] = `${functionName}:live`;
    return { id, functionName, entry };
  });
}
