import type { Json } from '../../support/invoke.ts';
import type { ProviderName } from '../../support/providers.ts';
import type { cleanups } from '../../support/runs.ts';

export const hourMs = 3_600_000;
export const member = (number: number): string => `member-${String(number).padStart(5, '0')}`;
export const members = (count: number): string[] => Array.from({ length: count }, (_, index) => member(index + 1));

/** The result of the only step. */
export const resultOf = ({ results }: Json): Json => {
  expect(results).toHaveLength(1);
  return results[0];
};

/** What is in the directories, and rosters made of it. */
export function directories({ roster, ...simulators }: ReturnType<typeof cleanups>) {
  const everybody = async (provider: ProviderName): Promise<string[]> => {
    const { members, users } = await simulators[provider].state();
    return (members ?? users).map(({ userid, id }: Json) => userid ?? id);
  };
  return {
    everybody,
    /** Uploads the roster of those who are there, but for some. */
    leave: async (provider: ProviderName, ...leavers: string[]): Promise<void> =>
      roster(
        provider,
        (await everybody(provider)).filter((id) => !leavers.includes(id)),
      ),
  };
}
