/** All that listens, by its distance from the API's port. */
export const services = {
  api: { offset: 0, name: 'the API' },
  wecom: { offset: 14, name: 'the WeCom simulator' },
  dingtalk: { offset: 15, name: 'the DingTalk simulator' },
  wibiclick: { offset: 16, name: 'the WibiClick simulator' },
  aws: { offset: 17, name: 'the AWS endpoint' },
  dynamodb: { offset: 18, name: 'DynamoDB' },
} as const;

export type Service = keyof typeof services;

const defaultPort = 8787;
const maxPort = 65_535 - Math.max(...Object.values(services).map(({ offset }) => offset));
const howToChange = 'USHER_PORT sets the port of the API; the other ports keep their distance from it.';

/** Why the sandbox cannot start, in words that need no stack trace. */
export class CannotStart extends Error {}

/** @throws CannotStart */
export function readPort(text = String(defaultPort)): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= maxPort) return port;
  throw new CannotStart(`USHER_PORT is "${text}"; it must be a number from 1 to ${maxPort}.`);
}

export function portRefused(service: Service, port: number, { code, message }: NodeJS.ErrnoException): CannotStart {
  const why = code === 'EADDRINUSE' ? 'is taken' : `cannot be used (${message})`;
  return new CannotStart(`Port ${port}, for ${services[service].name}, ${why}. ${howToChange}`);
}
