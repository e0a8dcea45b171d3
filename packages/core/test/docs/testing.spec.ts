import 'reflect-metadata';
import { afterAll, jest } from '@jest/globals';
import { compileBlocks } from './support/run-blocks.js';

const blocks = compileBlocks('docs/guides/testing.md');
const gettingStarted = compileBlocks('docs/guides/getting-started.md');
jest.spyOn(console, 'log').mockImplementation(() => undefined); // what the handlers of the samples print
afterAll(() => {
  jest.restoreAllMocks();
  blocks.remove();
  gettingStarted.remove();
});

// The samples are tests themselves: each registers its own when it is loaded.
await blocks.load('welcome-mails.spec.js');
await blocks.load('two-queues.spec.js');
await blocks.load('whole-application.spec.js');
await gettingStarted.load('mail.service.spec.js');
