import { defineConfig } from 'vitest/config';

/** `unit` needs no root and no network; `peers` and `e2e` are run by `make test`, `long` by `make test-long`. */
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
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
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
