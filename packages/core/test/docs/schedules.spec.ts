import 'reflect-metadata';
import { afterAll } from '@jest/globals';
import { compileBlocks } from './support/run-blocks.js';

const blocks = compileBlocks('docs/guides/schedules.md');
afterAll(() => {
  blocks.remove();
});

// The sample is a test itself, and registers its own.
await blocks.load('reports.spec.js');
