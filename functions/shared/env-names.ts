/** Names that the stack and the functions must agree on. Imports nothing. */
export const env = {
  stage: 'USHER_STAGE',
  table: 'USHER_TABLE',
  ledgerDays: 'USHER_LEDGER_DAYS',
  fence: 'USHER_FENCE',
  runs: 'USHER_RUNS',
  policies: 'USHER_POLICIES',
  trustSessionName: 'USHER_TRUST_SESSION_NAME',
  eventBus: 'USHER_EVENT_BUS',
  eventDeadLetters: 'USHER_EVENT_DEAD_LETTERS',
  dingtalkCallsPerSecond: 'USHER_DINGTALK_CALLS_PER_SECOND',
} as const;

/** Where CloudWatch finds what log lines count: the namespace, and the one dimension, which holds the stage. */
export const counts = { namespace: 'Usher', dimension: 'stage' } as const;

/** Holds the ids of `provider` that nobody may remove, separated by spaces. */
export const protectedEnv = (provider: string): string => `USHER_${provider.toUpperCase()}_PROTECTED`;

/** Holds the name or ARN of the secret of `provider`. */
export const secretIdEnv = (provider: string): string => `USHER_${provider.toUpperCase()}_SECRET_ID`;

/** Holds the function, with its alias, that carries out the runs of a kind, such as `offboarding`. */
export const workflowEnv = (kind: string): string => `USHER_${kind.toUpperCase()}_WORKFLOW`;
