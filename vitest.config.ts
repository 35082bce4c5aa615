import { defineConfig } from 'vitest/config';

const ci = process.env.CI !== undefined;
/** A condition that is waited for ends the wait; the default of a second is less than a busy machine needs. */
const patience = { poll: { timeout: 15_000 } };

export default defineConfig({
  test: {
    reporters: [ci ? 'default' : 'dot', './scripts/tally-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 20_000,
          expect: patience,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          // One engine serves them all: files that start bottles at once would wait for each other anyway.
          fileParallelism: false,
          testTimeout: 120_000,
          expect: patience,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
