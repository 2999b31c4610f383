import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';

export interface HttpRequest {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body: string | undefined;
  signal: AbortSignal;
}

export interface HttpReply {
  status: number;
  /** By lower-case name. */
  headers: IncomingHttpHeaders;
  text: string;
}

/** A reply that is longer than the caller wants to read. */
export class ReplyTooLong extends Error {}

const agents = {
  'http:': new http.Agent({ keepAlive: true }),
  'https:': new https.Agent({ keepAlive: true }),
};

/**
 * One request over Node's own client, which the AWS SDK loads anyway; `fetch` would load a second one, for a third of a
 * cold start's first request. Follows no redirect.
 * @throws Error with a system `code`, the reason of `signal`, or ReplyTooLong
 */
export function httpRequest({ method, url, headers, body, signal }: HttpRequest, maxBytes: number): Promise<HttpReply> {
  const client = url.protocol === 'https:' ? https : http;
  const agent = agents[url.protocol === 'https:' ? 'https:' : 'http:'];
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(signal.aborted ? signal.reason : error);
    const request = client.request(url, { method, agent, signal, headers: withLength(headers, body) }, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > maxBytes) request.destroy(new ReplyTooLong());
      });
      response.on('error', fail);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        });
      });
    });
    request.on('error', fail);
    request.end(body);
  });
}

const withLength = (headers: Record<string, string>, body: string | undefined): Record<string, string> =>
  body === undefined ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) };
