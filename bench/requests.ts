import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { LoadedOperation } from '../infra/operations.ts';
import { httpEvent, type TestRequest } from '../test/support/invoke.ts';
import type { ProviderName } from './simulators.ts';

/** A request about somebody that every operation can answer right after a reset of its simulator. */
const requests: Record<string, (userid: string) => TestRequest> = {
  'dingtalk/delete-user': (userid) => ({ path: { userid }, body: { handoverResource } }),
  'dingtalk/get-user': (userid) => ({ path: { userid } }),
  'system/health': () => ({}),
  'system/openapi': () => ({}),
  'wecom/create-user': (userid) => ({
    body: { userid: `new-${userid}`, name: '钱一', email: `new-${userid}@example.com`, department: [1] },
  }),
  'wecom/delete-user': (userid) => ({ path: { userid } }),
  'wecom/get-user': (userid) => ({ path: { userid } }),
  'wibiclick/disconnect-user': (userId) => ({ path: { websiteId: '201', userId } }),
  'wibiclick/list-user-websites': (userId) => ({ path: { userId } }),
};

const handoverResource = {
  dingDoc: { action: 'handover', handoverUserId: 'lisi' },
  dingPan: { action: 'handover', handoverUserId: 'lisi' },
};

/** @throws Error naming the operation that has no request here */
export function eventFor({ id, operation }: LoadedOperation, userid: string): APIGatewayProxyEventV2 {
  const request = requests[id];
  if (!request) throw new Error(`bench/requests.ts has no request for ${id}`);
  return httpEvent(operation.route, request(userid));
}

export const providerOf = ({ operation }: LoadedOperation): ProviderName | undefined =>
  operation.providers[0] as ProviderName | undefined;
