const project = (displayName, testMatch) => ({
  displayName,
  rootDir: import.meta.dirname,
  testMatch: [testMatch],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // Types are checked by `tsc --noEmit`, apart from the tests.
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, diagnostics: false }] },
});

/** What the campaign is made of, beside its source; and its short form, which needs the build. */
export default {
  testTimeout: 30_000,
  projects: [project('unit', '<rootDir>/src/**/*.spec.ts'), project('chaos', '<rootDir>/test/**/*.spec.ts')],
};
