import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import { type ErrorCode, errorCodes, type OperationError } from './errors.ts';
import { documented } from './schema.ts';

export const problemContentType = 'application/problem+json';

export const errorCode = z.enum(Object.keys(errorCodes) as ErrorCode[]);

/** What a refusal of a run tells beside the reason. */
const runMembers = {
  runStatus: documented(z.optional(z.string()), { description: 'The status that a run has, when that is the reason' }),
  id: documented(z.optional(z.string()), {
    description: 'With `plan_drifted`: the run, whose plan is a fresh one now',
  }),
  digest: documented(z.optional(z.string()), { description: 'With `plan_drifted`: the digest of the fresh plan' }),
  expiresAt: z.optional(z.string()),
  plan: z.optional(z.looseObject({})),
};

/** What a refusal of the fence tells beside the reason: removals within 24 hours. */
const fenceMembers = {
  used: documented(z.optional(z.int()), { description: 'With `fence_tripped`: how many removals there were' }),
  limit: documented(z.optional(z.int()), { description: 'With `fence_tripped`: how many there may be' }),
  asked: documented(z.optional(z.int()), { description: 'With `fence_tripped`: how many more were asked for' }),
};

/** The provider's own words. */
export const providerDetail = z.object({
  name: z.string(),
  code: z.optional(z.string()),
  message: z.optional(z.string()),
  requestId: z.optional(z.string()),
});

/** RFC 9457 problem details with our members. */
export const problem = documented(
  z.object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: documented(z.string(), { description: 'The request id; the log lines of this request carry it' }),
    code: errorCode,
    retryable: documented(z.boolean(), { description: 'Whether the same request can succeed later' }),
    outcome: documented(z.enum(['not_applied', 'unknown']), {
      description: 'Whether a write surely had no effect, or may have had one',
    }),
    provider: z.optional(providerDetail),
    fix: documented(z.optional(z.string()), { description: 'What an operator does next' }),
    errors: z.optional(z.array(z.object({ path: z.string(), message: z.string() }))),
    ...runMembers,
    ...fenceMembers,
  }),
  { title: 'Problem' },
);

/** An expected failure as the answer that the caller gets. */
export function problemResponse(error: OperationError, requestId: string): APIGatewayProxyStructuredResultV2 {
  const { status, title } = errorCodes[error.code];
  const { provider, fix, errors, members, retryAfter } = error.options;
  const body: z.infer<typeof problem> = {
    ...members,
    type: `urn:usher:error:${error.code}`,
    title,
    status,
    detail: error.message,
    instance: requestId,
    code: error.code,
    retryable: error.retryable,
    outcome: error.outcome,
    ...(provider && { provider }),
    ...(fix && { fix }),
    ...(errors && { errors }),
  };
  return {
    statusCode: status,
    headers: {
      'content-type': problemContentType,
      ...(status === 503 && { 'retry-after': String(retryAfter ?? 5) }),
    },
    body: JSON.stringify(body),
  };
}
