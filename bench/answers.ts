import type { ProviderAnswer, SimulatedProvider } from '../sandbox/simulator.ts';

/** So many answers, by what was called and what was said, such as `/topapi/v2/user/delete 0`. */
export type Answers = Record<string, number>;

/** What providers say to whoever calls too often; `deny` is in DingTalk's ban page. */
const throttles = ['45009', '45033', '90002', '90018', '90020', 'deny'];

/** The same provider, with its answers counted. */
export function counted(provider: SimulatedProvider, answers: Answers): SimulatedProvider {
  return {
    handle: (call) => {
      const answer = provider.handle(call);
      const name = `${call.path} ${codeOf(answer)}`;
      answers[name] = (answers[name] ?? 0) + 1;
      return answer;
    },
    answerCode: (call, errcode) => provider.answerCode(call, errcode),
    state: () => provider.state(),
    reset: (options) => provider.reset(options),
  };
}

export const sumOf = (answers: Answers, holds: (path: string, code: string) => boolean): number =>
  Object.entries(answers)
    .filter(([name]) => holds(...(name.split(' ') as [string, string])))
    .reduce((sum, [, count]) => sum + count, 0);

export const isThrottle = (_path: string, code: string): boolean => throttles.includes(code);

function codeOf({ status = 200, body }: ProviderAnswer): string {
  if (typeof body !== 'object' || body === null) return String(status);
  const { sub_code, punish, errcode, code } = body as Record<string, unknown>;
  return String(sub_code ?? punish ?? errcode ?? code ?? status);
}
