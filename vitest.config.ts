import { defineConfig } from 'vitest/config';

/** They count what is late or lost under load, which others beside them would be to blame for. */
const measured = ['test/peers/*-load.test.ts'];

/** `unit` needs no root and no network; `peers`, `load` and `e2e` are run by `make test`, `long` by `make test-long`. */
export default defineConfig({
  test: {
    // Many unit tests wait for timers and child processes: more of them than cores go on side by side.
    maxWorkers: 4,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/peers/**', 'test/e2e/**', 'test/long/**'],
          testTimeout: 20_000,
          isolate: false,
        },
      },
      {
        test: {
          name: 'peers',
          include: ['test/peers/**/*.test.ts'],
          exclude: measured,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          // Most of them wait for timers of other programs.
          maxWorkers: 2,
        },
      },
      { test: { name: 'load', include: measured, testTimeout: 120_000, hookTimeout: 60_000, fileParallelism: false } },
      ...['e2e', 'long'].map((name) => ({
        test: {
          name,
          include: [`test/${name}/**/*.test.ts`],
          testTimeout: 1_800_000,
          hookTimeout: 1_800_000,
          fileParallelism: false,
        },
      })),
    ],
  },
});
