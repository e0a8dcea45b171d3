/** Unit specs sit beside their source; the other kinds have a folder each. Choose with `--selectProjects unit`. */
const KINDS = {
  unit: '<rootDir>/{src,test/model}/**/*.spec.ts',
  integration: '<rootDir>/test/integration/**/*.spec.ts',
  e2e: '<rootDir>/test/e2e/**/*.spec.ts',
  chaos: '<rootDir>/test/chaos/**/*.spec.ts',
  docs: '<rootDir>/test/docs/**/*.spec.ts',
};

export const project = (displayName, testMatch) => ({
  displayName,
  rootDir: import.meta.dirname,
  testMatch: [testMatch],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // The documented samples import the package by its name.
    '^nestjs-affinity-queue$': '<rootDir>/src/index.ts',
    '^nestjs-affinity-queue/(\\w+)$': '<rootDir>/src/$1/index.ts',
  },
  // Types are checked by `tsc --noEmit`, apart from the tests.
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, diagnostics: false }] },
  // One throw-away Redis per run; its address is in AFFINITY_TEST_REDIS_URL.
  globalSetup: '<rootDir>/../../tools/jest/redis-setup.mjs',
  globalTeardown: '<rootDir>/../../tools/jest/redis-teardown.mjs',
});

export default {
  // Most tests wait for Redis and for processes more than they compute.
  maxWorkers: '100%',
  testTimeout: 30_000,
  projects: Object.entries(KINDS).map(([name, match]) => project(name, match)),
};
