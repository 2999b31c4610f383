import * as z from 'zod/mini';
import { listOf, pageOf, pageQuery } from '../shared/list.ts';
import { defineOperation } from '../shared/operation.ts';
import { dingtalkDepartments } from './client/departments.ts';
import { department } from './client/types.ts';
import { departmentQuery } from './client/user.ts';

export const handler = defineOperation({
  summary: 'List the sub-departments of a DingTalk department',
  description: 'One level only; ask for each of them in turn.',
  route: 'GET /dingtalk/departments',
  effect: 'read',
  providers: { dingtalk: dingtalkDepartments },
  input: z.strictObject({ ...departmentQuery, ...pageQuery }),
  output: listOf(department),
  run: async ({ dept_id, ...page }, { dingtalk }) => pageOf(await dingtalk.departmentsIn(dept_id), page),
});
