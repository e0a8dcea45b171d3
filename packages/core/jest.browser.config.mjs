import { project } from './jest.config.mjs';

/** `npm run test:browser`: the dashboard in Chromium, which CHROMIUM_PATH names or PATH has. */
export default {
  ...project('browser', '<rootDir>/test/browser/*.spec.ts'),
  testTimeout: 60_000,
  maxWorkers: 1,
};
