import { defineConfig } from 'vitest/config';

const ci = process.env.CI !== undefined;

export default defineConfig({
  test: {
    reporters: [ci ? 'default' : 'dot', './scripts/tally-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          // One engine serves them all: files that start bottles at once would wait for each other anyway.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
