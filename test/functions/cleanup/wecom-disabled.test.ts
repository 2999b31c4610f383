import { handler as updateMember } from '../../../functions/wecom/update-user.ts';
import { invoke, type Json } from '../../support/invoke.ts';
import { cleanups, dayMs, offboardings } from '../../support/runs.ts';
import { consoles, removeItem, setEnv } from '../offboarding/support.ts';
import { directories, hourMs, resultOf } from './support.ts';

const cleanup = cleanups();
const offboarding = offboardings(cleanup);
const { wecom, lambda } = cleanup;
const byHand = consoles(offboarding);
const { everybody } = directories(cleanup);

const policy = { policy: 'wecom-disabled' };
const setEnabled = async (userid: string, enable: 0 | 1): Promise<void> => {
  const answer = await invoke(updateMember, { path: { userid }, body: { enable } });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
};
const pass = async (ms: number): Promise<void> => {
  lambda.advance(ms);
  await lambda.settled();
};
const find = async (): Promise<Json> => resultOf(await cleanup.end(policy));

test('a member that was disabled 30 days ago is reported', async () => {
  await setEnabled('lisi', 0);
  await pass(30 * dayMs);

  const ended = await cleanup.end(policy);

  expect(ended).toMatchObject({ status: 'completed', policy: 'wecom-disabled', mode: 'report' });
  expect(ended.results).toEqual([
    { policy: 'wecom-disabled', provider: 'wecom', mode: 'report', status: 'succeeded', found: 1, ids: ['lisi'] },
  ]);
  expect(await everybody('wecom')).toContain('lisi');
});

test('and is deleted by a job, if that is wanted', async () => {
  await setEnabled('lisi', 0);
  await pass(30 * dayMs);

  const { job } = resultOf(await cleanup.end({ ...policy, mode: 'apply' }));

  expect(await cleanup.toEnd(job.id)).toMatchObject({ status: 'completed', operation: 'wecom/delete-user', total: 1 });
  expect(await everybody('wecom')).not.toContain('lisi');
});

test('the days are a setting', async () => {
  setEnv({ USHER_POLICIES: JSON.stringify({ disabledDays: 2 }) });
  await setEnabled('lisi', 0);
  await pass(2 * dayMs);

  expect((await find()).ids).toEqual(['lisi']);
});

test('a job may have disabled it', async () => {
  const job = await cleanup.begin('wecom/update-user', [{ userid: 'lisi', enable: 0 }]);
  await cleanup.toEnd(job);
  await pass(30 * dayMs);

  expect((await find()).ids).toEqual(['lisi']);
});

describe('nobody is found', () => {
  test('a day before that', async () => {
    await setEnabled('lisi', 0);
    await pass(29 * dayMs);

    expect(await find()).toMatchObject({ status: 'succeeded', found: 0, ids: [] });
  });

  test('when the member was enabled again', async () => {
    await setEnabled('lisi', 0);
    await pass(hourMs);
    await setEnabled('lisi', 1);
    await pass(30 * dayMs);
    await byHand.changeMember('lisi', { enable: 0 });

    expect(await find()).toMatchObject({ found: 0 });
  });

  test('when it was disabled anew since', async () => {
    await setEnabled('lisi', 0);
    await pass(20 * dayMs);
    await setEnabled('lisi', 0);
    await pass(20 * dayMs);

    expect(await find()).toMatchObject({ found: 0 });
  });

  test('when the console has enabled it', async () => {
    await setEnabled('lisi', 0);
    await pass(30 * dayMs);
    await byHand.changeMember('lisi', { enable: 1 });

    const result = await find();
    expect(result).toMatchObject({ found: 0 });
    expect(result).not.toHaveProperty('warnings');
  });

  test('when the console has disabled it, of which the ledger knows nothing', async () => {
    await byHand.changeMember('lisi', { enable: 0 });
    await pass(30 * dayMs);

    expect(await find()).toMatchObject({ found: 0 });
  });

  test.each([
    ['in the grace of an offboarding', async () => {}],
    ['an offboarding has disabled it, and was cancelled', (id: string) => offboarding.cancel(id)],
  ])('%s', async (_, then) => {
    const id = await offboarding.start({ accounts: { wecom: { userid: 'lisi' } }, graceDays: 60 });
    await then(id);
    await pass(40 * dayMs);
    await byHand.changeMember('lisi', { enable: 0 });

    expect(await find()).toMatchObject({ found: 0 });
  });

  test('whom an offboarding has disabled, even if its run is forgotten', async () => {
    const id = await offboarding.start({ accounts: { wecom: { userid: 'lisi' } }, graceDays: 60 });
    await removeItem({ pk: `run#${id}`, sk: 'run' });
    await pass(40 * dayMs);

    expect(await find()).toMatchObject({ found: 0 });
  });

  test('who is protected', async () => {
    await setEnabled('lisi', 0);
    await pass(30 * dayMs);
    setEnv({ USHER_WECOM_PROTECTED: 'lisi' });

    expect(await find()).toMatchObject({ found: 0 });
  });

  test('whose status cannot be read, which is told', async () => {
    await setEnabled('lisi', 0);
    await pass(30 * dayMs);
    await wecom.secret({ appSecret: undefined });

    expect(await find()).toMatchObject({
      found: 0,
      warnings: ['not_readable: WeCom does not show whether lisi can sign in, which takes an app secret; left out.'],
    });
  });
});
