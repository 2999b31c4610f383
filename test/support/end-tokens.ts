import { time } from './time.ts';

const { jest } = import.meta;
const lifeMs = 2 * 3_600_000;

/** A provider's tokens end before their time: the clock of its simulator goes ahead, ours does not know. */
export function endTokens(): void {
  const ahead = Date.now() + lifeMs;
  jest.spyOn(Date, 'now').mockReturnValue(ahead);
  time.advance(-lifeMs);
}

afterEach(() => jest.restoreAllMocks());
