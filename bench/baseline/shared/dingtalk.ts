import { z } from 'zod';
import { exchange, readSecret, type Verdict } from './plain.ts';

const text = z.string().min(1);
const secretSchema = z.object({ appKey: text, appSecret: text, baseUrl: z.url(), apiBaseUrl: z.url() });
const tokenSchema = z.object({ accessToken: text });

export const userid = text.max(64);

export type Dingtalk = (path: string, body: object) => Promise<Verdict>;

export async function signIn(): Promise<Dingtalk> {
  const { appKey, appSecret, baseUrl, apiBaseUrl } = await readSecret('dingtalk', secretSchema);
  const response = await fetch(`${apiBaseUrl}/v1.0/oauth2/accessToken`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ appKey, appSecret }),
  });
  const { accessToken } = tokenSchema.parse(await response.json());
  const query = new URLSearchParams({ access_token: accessToken });
  return (path, body) => exchange(`${baseUrl}${path}?${query}`, 'POST', body);
}
