import { afterAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { QueueNameConflictError } from '../errors/errors.js';
import { assertDistinctQueues } from './distinct-queues.js';
import type { QueueFeatureOptions, QueueModuleOptions } from './queue-module-options.js';
import { resolveFeatureOptions, resolveRootOptions } from './resolve-options.js';

const instance = new Redis({ lazyConnect: true, host: '127.0.0.1' });
afterAll(() => instance.disconnect());

function queues(root: QueueModuleOptions, ...features: QueueFeatureOptions[]) {
  const { options } = resolveRootOptions(root, () => undefined);
  const others = features.map((feature) => resolveFeatureOptions(feature, options, () => undefined).options);
  return [options, ...others];
}

function conflictOf(...args: Parameters<typeof queues>): QueueNameConflictError {
  try {
    assertDistinctQueues(queues(...args));
  } catch (error) {
    if (error instanceof QueueNameConflictError) return error;
    throw error;
  }
  throw new Error('The queues are distinct.');
}

const pending = (pendingQueueName: string) => ({ queueOptions: { pendingQueueName } });

describe('assertDistinctQueues', () => {
  it('takes a root queue with features', () => {
    expect(() => assertDistinctQueues(queues({}, { name: 'a' }, { name: 'b' }))).not.toThrow();
  });

  it('refuses two features of one name', () => {
    const error = conflictOf({}, { name: 'a' }, { name: 'a', ...pending('other') });
    expect(error.details).toEqual({ option: 'name', value: 'a', queues: ["feature 'a'", "feature 'a'"] });
  });

  it('refuses two queues with one pending queue', () => {
    expect(conflictOf({}, { name: 'a', ...pending('pending-tasks') }).message).toBe(
      "the root queue and feature 'a' have the same queueOptions.pendingQueueName 'pending-tasks' on the same Redis; every queue needs its own",
    );
  });

  it.each(['workerQueuePrefix', 'workerStatePrefix'] as const)('refuses two queues with one %s', (option) => {
    const feature = { name: 'a', queueOptions: { [option]: 'x' } };
    expect(conflictOf({ queueOptions: { [option]: 'x' } }, feature).details.option).toBe(
      `queueOptions.${option}`,
    );
  });

  it('allows the same names on another Redis or database', () => {
    const names = {
      pendingQueueName: 'pending-tasks',
      workerQueuePrefix: 'worker-queue',
      workerStatePrefix: 'worker-state',
    };
    for (const redisOptions of [
      { host: 'other' },
      { port: 6380 },
      { host: 'localhost', db: 1 },
      { path: '/s' },
    ]) {
      const feature = { name: 'a', redisOptions, queueOptions: names };
      expect(() => assertDistinctQueues(queues({}, feature))).not.toThrow();
    }
  });

  it.each([
    [{ host: '127.0.0.1' }],
    [{ host: 'LOCALHOST', username: 'x', password: 'y' }],
    [{ url: 'redis://[::1]:6379/0' }],
    [{ instance }],
  ])('knows %p as the same Redis', (redisOptions) => {
    expect(conflictOf({}, { name: 'a', redisOptions, ...pending('pending-tasks') }).details.option).toBe(
      'queueOptions.pendingQueueName',
    );
  });

  it('tells sentinels and their masters apart', () => {
    const of = (name: string) => ({ sentinels: [{ host: 's' }], name });
    const shared = pending('pending-tasks');
    const roots = { redisOptions: of('one') };
    expect(() =>
      assertDistinctQueues(queues(roots, { name: 'a', redisOptions: of('two'), ...shared })),
    ).not.toThrow();
    expect(conflictOf(roots, { name: 'a', redisOptions: of('one'), ...shared })).toBeDefined();
  });
});
