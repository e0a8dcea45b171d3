import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { AffinityQueueError } from './affinity-queue-error.js';
import { ErrorCode } from './codes.js';
import * as errors from './errors.js';

/** One of each; a class that is missing here fails the first test. */
const samples: Record<string, AffinityQueueError> = {
  InvalidOptionsError: new errors.InvalidOptionsError([{ option: 'role', value: '"X"', allowed: 'BOTH' }]),
  QueueNameConflictError: new errors.QueueNameConflictError({
    option: 'name',
    value: 'a',
    queues: ['x', 'y'],
  }),
  InvalidTaskError: new errors.InvalidTaskError({ field: 'type', reason: 'is missing' }),
  InvalidTaskOptionError: new errors.InvalidTaskOptionError({ option: 'delay', value: '-1', allowed: '0' }),
  UnsupportedTaskOptionError: new errors.UnsupportedTaskOptionError({ option: 'lifo', reason: 'order' }),
  ReservedJobIdError: new errors.ReservedJobIdError({ jobId: 'meta', reason: 'is reserved' }),
  InvalidScheduleError: new errors.InvalidScheduleError({ option: 'every', value: '0', allowed: '1' }),
  InvalidArgumentError: new errors.InvalidArgumentError({ argument: 'limit', value: '-1', allowed: '0' }),
  QueueClosedError: new errors.QueueClosedError({ queueName: 'q' }),
  InvalidHandlerError: new errors.InvalidHandlerError({ reason: 'no function' }),
  HandlerAlreadyRegisteredError: new errors.HandlerAlreadyRegisteredError({ type: 't' }),
  UnknownTaskTypeError: new errors.UnknownTaskTypeError({ type: 't', registeredTypes: ['a', 'b'] }),
  TaskTimeoutError: new errors.TaskTimeoutError({ jobId: '1', timeoutMs: 5 }),
  TaskCancelledError: new errors.TaskCancelledError({ jobId: '1' }),
  ResultTooLargeError: new errors.ResultTooLargeError({ bytes: 2, maxBytes: 1 }),
  RedisPermissionError: new errors.RedisPermissionError({ address: 'h:1', missing: '+info' }),
  TaskWriteTooLargeError: new errors.TaskWriteTooLargeError({ what: 'log row', bytes: 2, maxBytes: 1 }),
  PayloadCodecError: new errors.PayloadCodecError({ reason: 'is not encoded' }),
  ResultNotSerializableError: new errors.ResultNotSerializableError({ reason: 'contains a bigint' }),
  TaskFailedError: new errors.TaskFailedError({ jobId: '1', failedReason: 'smtp down' }),
  WaitTimeoutError: new errors.WaitTimeoutError({ jobId: '1', timeoutMs: 5 }),
  TaskNotFoundError: new errors.TaskNotFoundError({ jobId: '1' }),
  TaskStillRunningError: new errors.TaskStillRunningError({ jobId: '1' }),
  UnsupportedOperationError: new errors.UnsupportedOperationError({ operation: 'x', reason: 'y' }),
  RedisUnavailableError: new errors.RedisUnavailableError({ address: 'localhost:6379' }),
  RedisAuthenticationError: new errors.RedisAuthenticationError({ address: 'localhost:6379' }),
  RedisClusterNotSupportedError: new errors.RedisClusterNotSupportedError(),
  EvictingRedisError: new errors.EvictingRedisError({ policy: 'allkeys-lru' }),
  RedisRefusesWritesError: new errors.RedisRefusesWritesError({ command: 'add', reply: 'OOM' }),
  CommandTimeoutError: new errors.CommandTimeoutError({ command: 'PING', timeoutMs: 5 }),
  IncompatibleLayoutError: new errors.IncompatibleLayoutError({ found: '2', expected: '1' }),
  IncompatibleBullMQError: new errors.IncompatibleBullMQError({ found: '7.0.0', expected: '^6.7' }),
  LeaseLostError: new errors.LeaseLostError({ holder: 'Worker w', reason: 'no renewal' }),
  WorkerFencedError: new errors.WorkerFencedError({ workerId: 'w' }),
  StaleLeaderError: new errors.StaleLeaderError({ nodeId: 'n', epoch: '7' }),
  NotTaskOwnerError: new errors.NotTaskOwnerError({ jobId: '1', workerId: 'w' }),
  ForeignQueueError: new errors.ForeignQueueError({ queueName: 'q' }),
  InvalidScriptArgumentError: new errors.InvalidScriptArgumentError({ script: 's' }),
  UnexpectedScriptResultError: new errors.UnexpectedScriptResultError({ script: 's', result: '-5' }),
};

describe('the table of errors', () => {
  it('is covered by the samples of this test', () => {
    expect(Object.keys(samples).sort()).toEqual(Object.keys(errors).sort());
  });

  it('has one code per class and one class per code', () => {
    const codes = Object.values(samples).map(({ code }) => code);
    expect(codes.sort()).toEqual(Object.values(ErrorCode).sort());
  });

  it.each(Object.entries(samples))('%s has its name, a code of our form and a message', (name, error) => {
    expect(error).toBeInstanceOf(AffinityQueueError);
    expect(error.name).toBe(name);
    expect(error.code).toMatch(/^AFFINITY_[A-Z]+(_[A-Z]+)*$/);
    expect(error.message).not.toMatch(/undefined|\[object/);
    expect(Object.isFrozen(error.details)).toBe(true);
  });
});

describe('AffinityQueueError', () => {
  it('shows neither the password of a failed AUTH nor script arguments through its cause', () => {
    const reply = Object.assign(new Error('WRONGPASS invalid username-password pair'), {
      name: 'ReplyError',
      command: { name: 'auth', args: ['default', 'hunter2'] },
    });
    const error = new errors.RedisAuthenticationError({ address: 'localhost:6379' }, { cause: reply });
    expect(inspect(error, { depth: 10 })).not.toContain('hunter2');
    expect(error.cause).toMatchObject({ name: 'ReplyError', message: reply.message });
  });

  it('keeps a harmless cause as it is', () => {
    const cause = new TypeError('no');
    expect(new errors.RedisUnavailableError({ address: 'a' }, { cause }).cause).toBe(cause);
    expect('cause' in new errors.RedisUnavailableError({ address: 'a' })).toBe(false);
  });
});

describe('messages', () => {
  it('of invalid options name each problem', () => {
    const problem = { option: 'WORKER_COUNT', value: '"0"', allowed: 'a whole number, 1 or more' };
    expect(new errors.InvalidOptionsError([problem]).message).toBe(
      'Invalid option WORKER_COUNT: got "0", allowed: a whole number, 1 or more',
    );
    const two = new errors.InvalidOptionsError([problem, { ...problem, option: 'MAX_BATCH_SIZE' }]);
    expect(two.message).toMatch(/^2 invalid options:\n- WORKER_COUNT: .*\n- MAX_BATCH_SIZE: /);
    expect(two.details.problems).toHaveLength(2);
  });

  it('of an unknown type list the registered ones', () => {
    expect(samples.UnknownTaskTypeError!.message).toContain("registered types: 'a', 'b'");
    const none = new errors.UnknownTaskTypeError({ type: 't', registeredTypes: [] });
    expect(none.message).toContain('registered types: none');
  });

  it('of a bad task in a list say which one', () => {
    const error = new errors.InvalidTaskError({ field: 'type', reason: 'is missing', index: 3 });
    expect(error.message).toBe('Invalid task: type is missing (task 3 of the list)');
  });

  it.each([
    ['2:worker-queue', 'a newer nestjs-affinity-queue uses it: upgrade this instance'],
    ['999', 'a newer nestjs-affinity-queue uses it'],
    ['0:worker-queue', 'an older nestjs-affinity-queue uses it: all its instances have to stop first'],
    ['1:other', 'give this instance the workerQueuePrefix of the others'],
    ['nonsense', '(version:workerQueuePrefix); see docs/upgrading.md'],
    [undefined, '(version:workerQueuePrefix); see docs/upgrading.md'],
  ])('of the layout %s say what to do', (found, expected) => {
    const details = { expected: '1:worker-queue', ...(found !== undefined && { found }) };
    const { message } = new errors.IncompatibleLayoutError(details);
    expect(message).toContain(expected);
    expect(message).toMatch(/see docs\/upgrading\.md$/);
  });

  it('of a failed task are the handler’s', () => {
    expect(samples.TaskFailedError!.message).toBe('smtp down');
  });
});
