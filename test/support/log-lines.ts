import type { Json } from './invoke.ts';

const { jest } = import.meta;

/** What the functions log during each test, instead of printing it. */
export function logLines() {
  let written: string[] = [];

  const record = (chunk: unknown): boolean => {
    written.push(String(chunk));
    return true;
  };

  beforeEach(() => {
    written = [];
    jest.spyOn(process.stdout, 'write').mockImplementation(record);
    jest.spyOn(process.stderr, 'write').mockImplementation(record);
  });
  afterEach(() => jest.restoreAllMocks());

  return {
    text: (): string => written.join(''),
    parsed: (): Json[] => written.map((line) => JSON.parse(line)),
  };
}
