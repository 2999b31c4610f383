/** A call as a simulator logs it. */
export interface LoggedCall {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body?: unknown;
}

/** The start state and so many generated members, an empty log and fresh counters; tokens stay. */
export async function reset(url: string, members: number): Promise<void> {
  await fetch(`${url}/_sandbox/reset`, { method: 'POST', body: JSON.stringify({ members }) });
}

export const loggedCalls = (url: string): Promise<LoggedCall[]> => control(url, 'requests');

/** What a simulator holds now, without what it held before. */
export async function currentState(url: string): Promise<string> {
  const { history: _, ...state } = await control<Record<string, unknown>>(url, 'state');
  return JSON.stringify(state);
}

async function control<Answer>(url: string, name: string): Promise<Answer> {
  const response = await fetch(`${url}/_sandbox/${name}`);
  return (await response.json()) as Answer;
}
