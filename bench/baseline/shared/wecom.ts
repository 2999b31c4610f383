import { z } from 'zod';
import { exchange, readSecret, succeeded, type Verdict } from './plain.ts';

const text = z.string().min(1);
const secretSchema = z.object({ corpId: text, contactSecret: text, appSecret: text, baseUrl: z.url() });
const tokenSchema = z.object({ access_token: text });

export const userid = z.string().regex(/^[A-Za-z0-9][\w.@-]{0,63}$/);

type Secret = z.output<typeof secretSchema>;
export type Wecom = (
  method: 'GET' | 'POST',
  path: string,
  query: Record<string, string>,
  body?: object,
) => Promise<Verdict>;

export const readWecomSecret = (): Promise<Secret> => readSecret('wecom', secretSchema);

export async function signIn(
  { baseUrl, corpId, ...secrets }: Secret,
  name: 'contactSecret' | 'appSecret',
): Promise<Wecom> {
  const query = new URLSearchParams({ corpid: corpId, corpsecret: secrets[name] });
  const answer = succeeded(await exchange(`${baseUrl}/cgi-bin/gettoken?${query}`, 'GET'));
  const { access_token } = tokenSchema.parse(answer);
  return (method, path, query, body) =>
    exchange(`${baseUrl}${path}?${new URLSearchParams({ access_token, ...query })}`, method, body);
}
