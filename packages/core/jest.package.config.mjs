import { project } from './jest.config.mjs';

/** `npm run test:package`: what is installed from the packed tarball. Needs the npm registry. */
export default {
  ...project('package', '<rootDir>/test/package/*.spec.ts'),
  testTimeout: 300_000,
  maxWorkers: 1,
};
