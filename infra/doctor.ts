/**
 * `npm run doctor [-- <URL of the API>]` prints what `GET /doctor` finds, by default of the sandbox. The exit code is 1
 * when something is wrong. With `-` for the URL the answer is read from stdin, so that `curl` can sign the request.
 */
import { text } from 'node:stream/consumers';
import type { Finding } from '../functions/shared/checkup.ts';
import { type Report, report } from '../functions/system/doctor/report.ts';

const sandbox = 'http://127.0.0.1:8787';
const howToSign = `A deployed API wants a signed request:
  curl -s --aws-sigv4 aws:amz:$AWS_REGION:execute-api --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \\
    -H "x-amz-security-token: $AWS_SESSION_TOKEN" <URL>/doctor | npm run doctor -- -`;

/** Why there is nothing to print. */
class NoReport extends Error {}

async function main(where = sandbox): Promise<void> {
  const found = readReport(where === '-' ? await text(process.stdin) : await ask(where));
  console.log(render(found));
  if (found.status !== 'ok') process.exitCode = 1;
}

async function ask(where: string): Promise<string> {
  const response = await fetch(`${where.replace(/\/$/, '')}/doctor`).catch(() => {
    throw new NoReport(`Nothing answers at ${where}. \`npm start\` starts the sandbox.`);
  });
  const unsigned = response.status === 401 || response.status === 403;
  if (unsigned) throw new NoReport(`${where} answered HTTP ${response.status}. ${howToSign}`);
  return response.text();
}

function readReport(answer: string): Report {
  try {
    return report.parse(JSON.parse(answer));
  } catch {
    throw new NoReport(`This is no answer of GET /doctor: ${answer.slice(0, 300)}`);
  }
}

const render = ({ status, store, providers }: Report): string =>
  [{ provider: 'store', ...store }, ...providers]
    .flatMap(({ provider, checked, findings }) => [
      provider,
      `  checked   ${checked.join(', ')}`,
      ...findings.map(renderFinding),
      '',
    ])
    .concat(status === 'ok' ? 'Nothing is wrong.' : 'Something is wrong: see each ERROR.')
    .join('\n');

const renderFinding = ({ code, severity, what, fix, verified }: Finding): string => {
  const mark = verified ? 'unknown' : { error: 'ERROR', warning: 'warning' }[severity];
  return `  ${mark.padEnd(9)} ${what} (${code})\n            ${fix}`;
};

main(process.argv[2]).catch((error) => {
  console.error(error instanceof NoReport ? error.message : error);
  process.exitCode = 1;
});
