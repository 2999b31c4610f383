import * as z from 'zod/mini';
import { documented } from '../schema.ts';

export const runId = documented(z.uuid({ error: 'must be the id of a run' }), {
  example: '0b8e7c52-6a0f-4c55-9c0b-0a3f7c1f2b1d',
});

export const digest = documented(
  z.string().check(z.regex(/^[0-9a-f]{64}$/, { error: 'must be the digest of the plan: 64 hexadecimal digits' })),
  { description: 'The digest of the plan that is meant' },
);
