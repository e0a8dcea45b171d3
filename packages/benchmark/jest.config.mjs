/** What the reports are computed with; measurements are not tests. Specs sit beside their source. */
export default {
  projects: [
    {
      displayName: 'unit',
      rootDir: import.meta.dirname,
      testMatch: ['<rootDir>/src/**/*.spec.ts'],
      testEnvironment: 'node',
      extensionsToTreatAsEsm: ['.ts'],
      moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
      // Types are checked by `tsc --noEmit`, apart from the tests.
      transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, diagnostics: false }] },
    },
  ],
};
