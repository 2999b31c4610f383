import {
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  paginateScan,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { listen, type RunningServer } from '../../../sandbox/simulator.ts';
import type { Json } from '../../support/invoke.ts';
import type { offboardings } from '../../support/runs.ts';
import { time } from '../../support/time.ts';

// A whole run takes a second or two, and more on a busy machine.

/** Lisi leaves all three, and wangwu takes over in WeCom. DingTalk's sunqi has an enterprise account. */
export const everywhere = {
  accounts: { wecom: { userid: 'lisi' }, dingtalk: { userid: 'sunqi' }, wibiclick: { userId: '101' } },
  handover: { wecom: { takeoverUserid: 'wangwu' } },
};
export const onlyWecom = { accounts: { wecom: { userid: 'lisi' } } };
export const onlyDingtalk = { accounts: { dingtalk: { userid: 'sunqi' } } };
export const onlyWibiclick = { accounts: { wibiclick: { userId: '101' } } };

export const now = (): number => Date.now() + time.ahead;
export const inMs = (ms: number): string => new Date(now() + ms).toISOString();
/** Past the 5 minutes for which a secret is cached. */
export const secretCacheMs = 6 * 60_000;

const byHandHeader = { 'x-by-hand': 'yes' };

/** What people do meanwhile in the consoles of the providers, past Usher. */
export function consoles({ wecom, dingtalk, wibiclick, writes }: ReturnType<typeof offboardings>) {
  const answered = async (response: Response): Promise<Json> => {
    const answer: Json = await response.json().catch(() => ({}));
    if (!response.ok || (answer.errcode ?? 0) !== 0) throw new Error(JSON.stringify(answer));
    return answer;
  };
  const send = (url: string, body: object | undefined, headers: Record<string, string> = {}): Promise<Json> =>
    fetch(url, {
      headers: { ...byHandHeader, 'content-type': 'application/json', ...headers },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    }).then(answered);

  const toWecom = async (path: string, body?: object): Promise<Json> => {
    const query = 'corpid=wwsandbox&corpsecret=sandbox-contact';
    const { access_token } = await send(`${wecom.url}/cgi-bin/gettoken?${query}`, undefined);
    return send(`${wecom.url}/cgi-bin/user/${path}${path.includes('?') ? '&' : '?'}access_token=${access_token}`, body);
  };
  const toDingtalk = async (path: string, body: object): Promise<Json> => {
    const query = 'appkey=dingsandbox&appsecret=sandbox-ding';
    const { access_token } = await send(`${dingtalk.url}/gettoken?${query}`, undefined);
    return send(`${dingtalk.url}/topapi/v2/user/${path}?access_token=${access_token}`, body);
  };
  const held = async (userid: string): Promise<Json> =>
    (await wecom.state()).members.find((member: Json) => member.userid === userid);
  const profile = async (userid: string): Promise<Json> => (await toDingtalk('get', { userid })).result;

  return {
    /** Every write that Usher sent, in order. */
    sent: async (): Promise<Json[]> => (await writes()).filter(({ headers }) => headers['x-by-hand'] === undefined),
    memberOf: held,
    userOf: async (userid: string): Promise<Json> =>
      (await dingtalk.state()).members.find((user: Json) => user.userid === userid),
    websitesOf: async (userId: string): Promise<string[]> =>
      (await wibiclick.state()).links
        .filter((link: Json) => link.userId === userId)
        .map(({ websiteId }: Json) => websiteId),
    changeMember: (userid: string, changes: object) => toWecom('update', { userid, ...changes }),
    deleteMember: (userid: string) => toWecom(`delete?userid=${userid}`),
    /** Somebody else gets the userid, and happens to have the same name and departments. */
    async recreateMember(userid: string): Promise<void> {
      const { name, mobile, department } = await held(userid);
      await toWecom(`delete?userid=${userid}`);
      await toWecom('create', { userid, name, mobile, department, to_invite: false });
    },
    deleteUser: (userid: string) => toDingtalk('delete', { userid }),
    async recreateUser(userid: string): Promise<void> {
      const { name, mobile, dept_id_list } = (await dingtalk.state()).members.find(
        (user: Json) => user.userid === userid,
      );
      await toDingtalk('delete', { userid });
      await toDingtalk('create', { userid, name, mobile, dept_id_list: String(dept_id_list) });
    },
    /** From now on DingTalk shows a user so, whoever is asked for. */
    async showUser(userid: string, changes: object): Promise<void> {
      const result = { ...(await profile(userid)), ...changes };
      const body = JSON.stringify({ errcode: 0, errmsg: 'ok', request_id: 'by-hand', result });
      await dingtalk.faults({ path: '/topapi/v2/user/get', times: 1_000, then: { body } });
    },
    connect: (userId: string, websiteId: string | number) =>
      send(`${wibiclick.url}/connect-user-to-website`, { userId, websiteId }, { authorization: 'Bearer sandbox-wibi' }),
    disconnect: (userId: string, websiteId: string | number) =>
      send(
        `${wibiclick.url}/disconnect-user-from-website`,
        { userId, websiteId },
        { authorization: 'Bearer sandbox-wibi' },
      ),
  };
}

async function withTable<T>(use: (database: DynamoDBClient, TableName: string) => Promise<T>): Promise<T> {
  const database = new DynamoDBClient({ endpoint: process.env.AWS_ENDPOINT_URL_DYNAMODB ?? '' });
  try {
    return await use(database, process.env.USHER_TABLE ?? '');
  } finally {
    database.destroy();
  }
}

const runKey = (id: string) => ({ pk: `run#${id}`, sk: 'run' });

export const storedRun = (id: string): Promise<Json> =>
  withTable(async (database, TableName) => {
    const { Item = {} } = await database.send(new GetItemCommand({ TableName, Key: marshall(runKey(id)) }));
    return unmarshall(Item);
  });

export const putItem = (item: object): Promise<unknown> =>
  withTable((database, TableName) => database.send(new PutItemCommand({ TableName, Item: marshall(item) })));

export const removeItem = (key: { pk: string; sk: string }): Promise<unknown> =>
  withTable((database, TableName) => database.send(new DeleteItemCommand({ TableName, Key: marshall(key) })));

/** Changes the stored run, past Usher. */
export const changeStored = async (id: string, changes: object): Promise<unknown> =>
  putItem({ ...(await storedRun(id)), ...changes });

export const changeRequest = async (id: string, changes: object): Promise<unknown> =>
  changeStored(id, { request: { ...(await storedRun(id)).request, ...changes } });

export const halt = () => putItem({ pk: 'halt', sk: 'halt', reason: 'a drill', by: 'ops' });

export const storedItems = (): Promise<Json[]> =>
  withTable(async (database, TableName) => {
    const pages = await Array.fromAsync(paginateScan({ client: database }, { TableName }));
    return pages.flatMap(({ Items = [] }) => Items.map((item) => unmarshall(item)));
  });

/** Settings of one test. */
export function setEnv(changes: Record<string, string>): void {
  for (const [name, value] of Object.entries(changes)) {
    const before = process.env[name];
    undo.push(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
    process.env[name] = value;
  }
}

export const fence = (perDay: number): void => setEnv({ USHER_FENCE: JSON.stringify({ perDay }) });

/** An address before another one, that replaces texts in what is sent through it. */
export async function startAlias(target: string, replaced: [from: string, to: string][]): Promise<RunningServer> {
  const translate = (text: string) => replaced.reduce((so, [from, to]) => so.replaceAll(from, to), text);
  const alias = await listen(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { 'content-length': _length, host: _host, connection: _connection, ...headers } = request.headers;
    const body = translate(Buffer.concat(chunks).toString());
    const answer = await fetch(target + translate(request.url ?? '/'), {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(body && { body }),
    });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
    response.end(await answer.text());
  }, 0);
  undo.push(() => alias.close());
  return alias;
}

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});
