/** Unit specs sit beside what they test; the e2e specs run the whole application on a real Redis. */
const KINDS = {
  unit: [
    '<rootDir>/src/**/*.spec.ts',
    '<rootDir>/data/*.spec.mjs',
    '<rootDir>/*.spec.mjs',
    '<rootDir>/test/scenario-checks/*.spec.mjs',
  ],
  e2e: ['<rootDir>/test/e2e/**/*.spec.ts'],
};

const project = (displayName, testMatch) => ({
  displayName,
  rootDir: import.meta.dirname,
  testMatch,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // Types are checked by `tsc --noEmit`, apart from the tests.
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, diagnostics: false }] },
  // One throw-away Redis per run; its address is in AFFINITY_TEST_REDIS_URL.
  globalSetup: '<rootDir>/../../tools/jest/redis-setup.mjs',
  globalTeardown: '<rootDir>/../../tools/jest/redis-teardown.mjs',
});

export default {
  testTimeout: 30_000,
  projects: Object.entries(KINDS).map(([name, match]) => project(name, match)),
};
