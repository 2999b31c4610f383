import type { Call } from './trace.ts';

export interface Addresses {
  /** The simulators of the providers. */
  providers: string[];
  /** Gives the calls that were made, once. */
  trace: string;
}

/** The start state and so many generated members everywhere, with fresh counters; tokens stay. */
export async function reset({ providers }: Addresses, members: number): Promise<void> {
  const body = JSON.stringify({ members });
  await Promise.all(providers.map((url) => fetch(`${url}/_sandbox/reset`, { method: 'POST', body })));
}

/** The calls to providers and store since they were taken last. */
export async function takeCalls({ trace }: Addresses): Promise<Call[]> {
  const response = await fetch(trace);
  return (await response.json()) as Call[];
}

/** What the simulators hold now, without what they held before. */
export async function currentState({ providers }: Addresses): Promise<string> {
  const states = await Promise.all(providers.map(stateOf));
  return JSON.stringify(states);
}

async function stateOf(url: string): Promise<object> {
  const response = await fetch(`${url}/_sandbox/state`);
  const { history: _, ...state } = (await response.json()) as Record<string, unknown>;
  return state;
}
