import { z } from 'zod';
import { readSecret } from './plain.ts';

const text = z.string().min(1);
const secretSchema = z.object({ apiKey: text, baseUrl: z.url() });

export const id = text.max(128);
const wireId = z.union([z.string(), z.number()]);
const websites = z.array(z.object({ value: wireId, label: z.string() }));

type Wibiclick = (path: string, body?: object) => Promise<string>;

export async function connect(): Promise<Wibiclick> {
  const { apiKey, baseUrl } = await readSecret('wibiclick', secretSchema);
  const authorization = `Bearer ${apiKey}`;
  return async (path, body) => {
    const response = await fetch(baseUrl + path, {
      headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return response.text();
  };
}

export async function websitesOf(wibiclick: Wibiclick, userId: string): Promise<z.output<typeof websites>> {
  const query = new URLSearchParams({ id: userId, limit: '100', offset: '0' });
  return websites.parse(JSON.parse(await wibiclick(`/get-websites-for-user?${query}`)));
}
