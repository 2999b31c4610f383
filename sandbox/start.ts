import { CannotStart, readPort } from './ports.ts';
import type { Sandbox } from './sandbox.ts';

const neededNode = 24;

async function start(): Promise<void> {
  requireNode();
  const port = readPort(process.env.USHER_PORT);
  const { startSandbox } = await import('./sandbox.ts'); // only now: an older Node may not be able to load it
  const sandbox = await startSandbox(port);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop(sandbox));
  console.log(welcome(sandbox));
}

function requireNode(): void {
  if (Number.parseInt(process.versions.node, 10) >= neededNode) return;
  throw new CannotStart(
    `Usher runs on Node ${neededNode}, and this is Node ${process.versions.node}. ` +
      `\`npm ci\` installs Node ${neededNode} into this folder, and \`npm start\` uses it.`,
  );
}

async function stop(sandbox: Sandbox): Promise<void> {
  await sandbox.close();
  process.exit(0);
}

const json = (body: object): string => `-H 'content-type: application/json' -d '${JSON.stringify(body)}'`;

const newMember = { userid: 'qianyi', name: '钱一', email: 'qianyi@example.com', department: [1] };
const toLisi = { action: 'handover', handoverUserId: 'lisi' };
const wrongMember = { userid: 'qian yi', nickname: 'Yi' };

const welcome = ({ api, wecom, dingtalk, wibiclick, aws, workflows }: Sandbox): string => `
Usher runs on this machine: the real functions, simulated providers, no AWS account.

  API                   ${api.url}
  Page to try it on     ${api.url}/
  WeCom simulator       ${wecom.url}
  DingTalk simulator    ${dingtalk.url}
  WibiClick simulator   ${wibiclick.url}
  AWS Secrets Manager   ${aws.url}
  AWS Lambda            ${aws.url}${workflows.pid ? `, with the workflows in process ${workflows.pid}` : ''}

Create a WeCom member, and delete it again:

curl -X POST ${api.url}/wecom/users ${json(newMember)}
curl -X DELETE ${api.url}/wecom/users/qianyi

Delete a DingTalk user whose files go to a colleague:

curl -X DELETE ${api.url}/dingtalk/users/zhangsan ${json({ handoverResource: { dingPan: toLisi, dingDoc: toLisi } })}

Disconnect a WibiClick user from a website:

curl -X DELETE ${api.url}/wibiclick/websites/201/users/101

See what a wrong input is told, and what the DingTalk simulator holds now:

curl -X POST ${api.url}/wecom/users ${json(wrongMember)}
curl ${dingtalk.url}/_sandbox/state

Ctrl-C stops.
`;

start().catch((error) => {
  console.error(error instanceof CannotStart ? error.message : error);
  process.exit(1);
});
