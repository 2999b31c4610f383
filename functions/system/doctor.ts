import * as z from 'zod/mini';
import { dingtalkExamination } from '../dingtalk/client/doctor.ts';
import { defineOperation } from '../shared/operation.ts';
import { store } from '../shared/store.ts';
import { wecomExamination } from '../wecom/client/doctor.ts';
import { wibiclickExamination } from '../wibiclick/client/doctor.ts';
import { examine } from './doctor/examine.ts';
import { runChecks } from './doctor/findings.ts';
import { type Report, report } from './doctor/report.ts';

export const handler = defineOperation({
  summary: 'Find what is wrong with secrets, rights, addresses and hosts',
  description:
    'Calls the providers, but makes no call that writes. A wrong secret is tried three times an hour at most.',
  route: 'GET /doctor',
  effect: 'read',
  providers: { wecom: wecomExamination, dingtalk: dingtalkExamination, wibiclick: wibiclickExamination },
  input: z.strictObject({}),
  output: report,
  run: async (_input, { wecom, dingtalk, wibiclick }): Promise<Report> => {
    const [storeSection, ...providers] = await Promise.all([
      runChecks([tableCheck]),
      examine(wecom),
      examine(dingtalk),
      examine(wibiclick),
    ]);
    const findings = [storeSection, ...providers].flatMap(({ findings }) => findings);
    const needsAttention = findings.some(({ severity }) => severity === 'error');
    return { status: needsAttention ? 'attention' : 'ok', store: storeSection, providers };
  },
});

const tableCheck = {
  name: 'the table can be read',
  credential: 'role',
  run: () => store.get({ pk: 'doctor', sk: 'doctor' }),
};
