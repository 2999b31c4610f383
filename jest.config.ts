import type { Config } from 'jest';

export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // Many tests wait for processes and timers, so two at a time pay on two cores too, where jest would take one.
  maxWorkers: 2,
  // A test ends when it is done; this ends one that hangs, and must never end one on a slow machine.
  testTimeout: 120_000,
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', experimental: { keepImportAttributes: true } }, module: { type: 'es6' } },
    ],
  },
} satisfies Config;
