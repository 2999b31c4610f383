import type { Deadline } from '../../shared/clock.ts';
import { DingtalkApi } from './api.ts';
export const dingtalkDirectory = (deadline: Deadline) => ({
  count: async (): Promise<number> =>
    Number(
      (
        (await new DingtalkApi(deadline).legacy('read', '/topapi/user/count', { only_active: false })).result as {
          count: number;
        }
      ).count,
    ),
  administrators: async (): Promise<string[]> =>
    ((await new DingtalkApi(deadline).legacy('read', '/topapi/user/listadmin', {})).result as { userid: string }[]).map(
      ({ userid }) => userid,
    ),
  userids: async (): Promise<string[]> => [],
});
