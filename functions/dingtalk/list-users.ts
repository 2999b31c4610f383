import * as z from 'zod/mini';
import { listOf, pageOf, pageQuery } from '../shared/list.ts';
import { defineOperation } from '../shared/operation.ts';
import { dingtalkDepartments } from './client/departments.ts';
import { departmentQuery, userid } from './client/user.ts';

export const handler = defineOperation({
  summary: 'List the ids of the direct members of a DingTalk department',
  description: 'Members of its sub-departments are not listed; walk the departments for all.',
  route: 'GET /dingtalk/users',
  effect: 'read',
  providers: { dingtalk: dingtalkDepartments },
  input: z.strictObject({ ...departmentQuery, ...pageQuery }),
  output: listOf(z.object({ userid })),
  run: async ({ dept_id, ...page }, { dingtalk }) => {
    const userids = await dingtalk.useridsIn(dept_id);
    return pageOf(
      userids.map((userid) => ({ userid })),
      page,
    );
  },
});
