import { lambdas } from '../../support/lambda.ts';
import { simulated } from '../../support/providers.ts';

/** Functions that share nothing but the store, in processes of their own. */

const wecom = simulated('wecom');
const start = await lambdas();
const tokenPath = '/cgi-bin/gettoken';
const zhangsan = { path: { userid: 'zhangsan' } };
const countOf = async (path?: string) => (await wecom.requests(path)).length;

test('50 cold functions at once ask for one token', async () => {
  const processes = Array.from({ length: 5 }, () => start('wecom/get-user'));

  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, instance) => processes[instance % 5]?.invoke(zhangsan, { instance })),
  );

  expect(new Set(answers.map((answer) => answer?.status))).toEqual(new Set([200]));
  expect(await countOf('/cgi-bin/user/get')).toBe(50);
  expect(await countOf(tokenPath)).toBe(1);
});

test('50 cold functions at once try a wrong secret at most three times', async () => {
  await wecom.secret({ appSecret: 'wrong' });
  const processes = Array.from({ length: 5 }, () => start('wecom/get-user'));

  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, instance) => processes[instance % 5]?.invoke(zhangsan, { instance })),
  );

  expect(new Set(answers.map((answer) => answer?.body.code))).toEqual(new Set(['provider_credentials']));
  expect(await countOf(tokenPath)).toBeLessThanOrEqual(3);
});

test('a ban that one function meets holds back the others within 5 s, and until it ends', async () => {
  const [banned, other] = [start('wecom/get-user'), start('wecom/get-user')];
  await other.invoke(zhangsan);
  await wecom.faults({ method: 'GET', path: '/cgi-bin/user/get', then: { errcode: 45009 } });
  expect(await banned.invoke(zhangsan)).toMatchObject({ status: 503, body: { code: 'provider_rate_limited' } });
  const before = await countOf();

  expect(await other.invoke(zhangsan, { aheadMs: 5_000 })).toMatchObject({
    status: 503,
    body: { code: 'provider_rate_limited', outcome: 'not_applied' },
  });
  expect(await countOf()).toBe(before);
  expect(await other.invoke(zhangsan, { aheadMs: 65_000 })).toMatchObject({ status: 200 });
});

test('a rotated secret works in a running function, which still holds the old one', async () => {
  await wecom.secret({ appSecret: 'wrong' });
  const lambda = start('wecom/get-user');
  expect(await lambda.invoke(zhangsan)).toMatchObject({ status: 502, body: { code: 'provider_credentials' } });

  await wecom.secret({});

  expect(await lambda.invoke(zhangsan)).toMatchObject({ status: 200 });
});

test('a token that ends between two calls is renewed once for all functions', async () => {
  const processes = [start('wecom/get-user'), start('wecom/get-user')];
  await Promise.all(processes.map((lambda) => lambda.invoke(zhangsan)));
  const [{ query }] = await wecom.requests(tokenPath);
  await wecom.faults({ method: 'GET', path: '/cgi-bin/user/get', times: 2, then: { errcode: 42001 } });

  const answers = await Promise.all(processes.map((lambda) => lambda.invoke(zhangsan)));

  expect(answers).toMatchObject([{ status: 200 }, { status: 200 }]);
  expect(query.corpsecret).toBe('sandbox-app');
  expect(await countOf(tokenPath)).toBe(2);
});
