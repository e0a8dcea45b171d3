import { describe, expect, it } from '@jest/globals';
import { nearest } from './nearest.js';

const keys = ['maxBatchSize', 'workerCount', 'db', 'host', 'port', 'path'];

describe('nearest', () => {
  it.each([
    ['maxBatchsize', 'maxBatchSize'],
    ['maxBatch', undefined],
    ['batchSize', 'maxBatchSize'],
    ['workerCuont', 'workerCount'],
    ['workersCount', 'workerCount'],
    ['hots', 'host'],
    ['hosts', 'host'],
    ['DB', 'db'],
    ['tls', undefined],
    ['keyPrefix', undefined],
  ])('%s: %s', (name, expected) => {
    expect(nearest(name, keys)).toBe(expected);
  });
});
