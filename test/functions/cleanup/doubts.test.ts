import { handler as putRoster } from '../../../functions/cleanup/put-roster.ts';
import { handler as createDingtalkUser } from '../../../functions/dingtalk/create-user.ts';
import { env } from '../../../functions/shared/env-names.ts';
import { handler as createMember } from '../../../functions/wecom/create-user.ts';
import { invoke } from '../../support/invoke.ts';
import { cleanups } from '../../support/runs.ts';
import { time } from '../../support/time.ts';
import { directories, hourMs, members, resultOf } from './support.ts';

const cleanup = cleanups();
const { wecom, dingtalk } = cleanup;
const { everybody, leave } = directories(cleanup);

test.each([
  ['a number that a spreadsheet rounded', '1.23457E+17'],
  ['an error of a formula', '#N/A'],
  ['an invisible character', 'hanmei\u200b'],
])('a roster with %s in place of an id is refused', async (_, spoilt) => {
  const ids = [...(await everybody('dingtalk')), spoilt];

  const answer = await invoke(putRoster, {
    path: { provider: 'dingtalk' },
    headers: { 'content-type': 'text/csv', 'x-row-count': String(ids.length) },
    body: `userid\n${ids.join('\n')}\n`,
  });

  expect(answer).toMatchObject({
    status: 400,
    body: { errors: [{ path: `row ${ids.length + 1}: userid`, message: expect.stringContaining('looks spoilt') }] },
  });
});

test('nobody is found whose id is on the roster in another case', async () => {
  const ids = await everybody('dingtalk');
  await cleanup.roster(
    'dingtalk',
    ids.map((id) => id.toUpperCase()),
  );

  expect(resultOf(await cleanup.end({ policy: 'roster', provider: 'dingtalk', mode: 'report' })).found).toBe(0);
});

test('nobody is found whose id has lost its zeros on the roster', async () => {
  const made = { userid: '0042', name: '郑十', mobile: '13900001111', dept_id_list: [1] };
  expect((await invoke(createDingtalkUser, { body: made })).status).toBe(200);
  time.advance(40 * hourMs);
  const ids = await everybody('dingtalk');
  await cleanup.roster('dingtalk', [...ids.filter((id) => id !== '0042' && id !== 'lisi'), '42']);

  const result = resultOf(await cleanup.end({ policy: 'roster', provider: 'dingtalk', mode: 'report' }));

  expect(result).toMatchObject({ found: 1, warnings: [expect.stringMatching(/^lost_zeros: 0042 /)] });
});

test('who was given an account between the making of a roster and its upload is not a leaver', async () => {
  await wecom.reset({ members: 30 });
  const exported = await everybody('wecom');
  await invoke(createMember, { body: { userid: 'zhengshi', name: '郑十', mobile: '13900001111', department: [2] } });
  time.advance(12 * hourMs);
  await cleanup.roster('wecom', exported);

  const result = resultOf(await cleanup.end({ policy: 'roster', provider: 'wecom', mode: 'apply' }));

  expect(result.found).toBe(0);
  expect(await everybody('wecom')).toContain('zhengshi');
});

test('so many of those who were dismissed are found at once as can be looked at again when the job is applied', async () => {
  process.env[env.dingtalkCallsPerSecond] = '10';
  await wecom.reset({ members: 300 });
  await leave('wecom');
  await dingtalk.faults({
    method: 'GET',
    path: '/v1.0/hrm/employees/dismissions',
    times: 100,
    then: { body: JSON.stringify({ userIdList: members(300), nextToken: 0, hasMore: false }) },
  });
  const { job, found, warnings } = resultOf(
    await cleanup.end({ policy: 'dingtalk-dismissed', provider: 'wecom', mode: 'apply' }),
  );
  expect({ found, warnings }).toEqual({ found: 150, warnings: [expect.stringMatching(/^more: 150 /)] });
  const planned = await cleanup.jobOf(job.id);
  expect((await cleanup.approve(planned)).status).toBe(200);

  expect((await cleanup.apply(planned)).status).toBe(202);
});
