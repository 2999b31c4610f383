import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { listen, type RunningServer } from '../../sandbox/simulator.ts';
import type { Json } from './invoke.ts';

export interface ScriptedReply {
  status?: number;
  contentType?: string;
  headers?: Record<string, string>;
  /** A string is sent as it is, anything else as JSON. */
  body?: unknown;
  /** No reply ever comes. */
  silent?: true;
}

export interface SeenRequest {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  /** Parsed JSON, the text when it is none, or undefined. */
  body: Json;
}

export interface ScriptedServer extends RunningServer {
  /** Every request, those after the end of the script too. */
  seen: SeenRequest[];
}

const afterTheEnd: ScriptedReply = { status: 500, contentType: 'text/plain', body: 'the script has ended' };
const noReply: ScriptedReply = { status: 404, contentType: 'text/plain', body: 'no reply for this path' };

/** A real HTTP server on loopback that gives these replies in this order, whatever it is asked. */
export const startScript = (replies: ScriptedReply[]): Promise<ScriptedServer> => {
  const rest = [...replies];
  return startScriptedServer(() => rest.shift() ?? afterTheEnd);
};

/**
 * A real HTTP server on loopback, fresh for each test, where each path has its own replies: given in order, the last
 * one for every further request.
 */
export function scriptedServer() {
  let server: ScriptedServer;
  let script: Record<string, ScriptedReply[]> = {};

  beforeEach(async () => {
    script = {};
    server = await startScriptedServer(({ path }) => {
      const [next = noReply, ...rest] = script[path] ?? [];
      if (rest.length > 0) script[path] = rest;
      return next;
    });
  });
  afterEach(() => server.close());

  return {
    get url() {
      return server.url;
    },
    /** Sets the replies of some paths. */
    play(replies: Record<string, ScriptedReply[]>): void {
      script = { ...script, ...replies };
    },
    /** Requests so far, or those of one path. */
    requests: (path?: string): SeenRequest[] => server.seen.filter((request) => !path || request.path === path),
  };
}

/** A real HTTP server on loopback that replies as `replyTo` decides. */
export async function startScriptedServer(replyTo: (request: SeenRequest) => ScriptedReply): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  const server = await listen(async (message, response) => {
    const request = await readRequest(message);
    seen.push(request);
    const { status = 200, contentType = 'application/json', headers, body = '', silent } = replyTo(request);
    if (silent) return;
    response.writeHead(status, { 'content-type': contentType, ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }, 0);
  return { ...server, seen };
}

async function readRequest(request: IncomingMessage): Promise<SeenRequest> {
  const url = new URL(request.url ?? '/', 'http://scripted');
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: request.headers as Record<string, string>,
    body: parseOrKeep(await text(request)),
  };
}

function parseOrKeep(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body || undefined;
  }
}
