import { z } from 'zod';
import { plainHandler } from '../shared/plain.ts';

export const handler = plainHandler(z.strictObject({}), async () => ({ status: 'ok' }));
