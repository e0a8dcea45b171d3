import { describe, expect, it } from '@jest/globals';
import { InvalidTaskOptionError, ReservedJobIdError, UnsupportedTaskOptionError } from '../errors/errors.js';
import { assertValidTaskOptions } from './validate-task-options.js';

describe('assertValidTaskOptions takes', () => {
  it.each([
    [undefined],
    [{}],
    [{ priority: undefined, jobId: undefined }],
    [{ jobId: 'invoice-1', delay: 0, attempts: 1, backoff: 0, retryOrder: 'skip' }],
    [{ backoff: { type: 'fixed', delay: 10 } }],
    [{ backoff: { type: 'exponential', delay: 10, jitter: 0.5 } }],
    [{ deduplication: { id: 'x' } }],
    [{ deduplication: { id: 'x', ttl: 1_000, extend: true } }],
    [{ removeOnComplete: true, removeOnFail: false }],
    [{ removeOnComplete: 0, removeOnFail: { count: 10 } }],
    [{ removeOnComplete: { age: 60 }, removeOnFail: { age: 60, count: 1, limit: 5 } }],
  ])('%p', (options) => {
    expect(() => assertValidTaskOptions(options)).not.toThrow();
  });
});

describe('assertValidTaskOptions refuses', () => {
  it.each([
    ['priority', 1, 'order'],
    ['priority', 0, 'order'],
    ['lifo', true, 'order'],
    ['repeat', { every: 5 }, 'QueueService.schedule'],
    ['parent', { id: '1', queue: 'q' }, 'flows'],
    ['failParentOnFailure', true, 'flows'],
    ['sizeLimit', 5, 'maxPayloadBytes'],
    ['constructor', 5, 'no such option'],
    ['delays', 5, 'no such option'],
  ])('the option %s', (option, value, reason) => {
    expect(() => assertValidTaskOptions({ [option]: value })).toThrow(UnsupportedTaskOptionError);
    expect(() => assertValidTaskOptions({ [option]: value })).toThrow(reason);
  });

  it.each([
    ['delay', [-1, 1.5, Number.NaN, '5', 1e15]],
    ['attempts', [0, -1, 1.5, '3', Number.POSITIVE_INFINITY]],
    [
      'backoff',
      [
        -1,
        'fixed',
        { type: 'own' },
        { type: 'fixed' },
        { type: 'fixed', delay: 1, jitter: 2 },
        { type: 'fixed', delay: 1, x: 1 },
      ],
    ],
    ['retryOrder', ['BLOCK', '', true]],
    [
      'deduplication',
      ['x', {}, { id: '' }, { id: 5 }, { id: 'x', ttl: -1 }, { id: 'x', extend: 1 }, { id: 'x', y: true }],
    ],
    ['removeOnComplete', [-1, 1.5, 'yes', {}, { limit: 5 }, { count: -1 }, { count: 1, ages: 5 }]],
    ['removeOnFail', [null, [], { age: 'day' }]],
  ])('values of %s', (option, values) => {
    for (const value of values) {
      expect(() => assertValidTaskOptions({ [option]: value })).toThrow(InvalidTaskOptionError);
    }
  });

  it('a reserved job id', () => {
    expect(() => assertValidTaskOptions({ jobId: 'meta' })).toThrow(ReservedJobIdError);
  });

  it.each([null, 5, 'x', []])('%p in place of options', (options) => {
    expect(() => assertValidTaskOptions(options)).toThrow(InvalidTaskOptionError);
  });
});
