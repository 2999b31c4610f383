/** Names that the stack and the functions must agree on. Imports nothing. */
export const env = {
  stage: 'USHER_STAGE',
  dingtalkCallsPerSecond: 'USHER_DINGTALK_CALLS_PER_SECOND',
} as const;

/** Holds the name or ARN of the secret of `provider`. */
export const secretIdEnv = (provider: string): string => `USHER_${provider.toUpperCase()}_SECRET_ID`;
