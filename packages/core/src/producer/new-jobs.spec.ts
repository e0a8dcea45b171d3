import { describe, expect, it } from '@jest/globals';
import { InvalidArgumentError, InvalidTaskError, ReservedJobIdError } from '../errors/errors.js';
import { taskDefaults } from '../options/defaults.js';
import { toJob, toJobs } from './new-jobs.js';

const options = { maxPayloadBytes: 100, maxTagBytes: 20, defaultTaskOptions: taskDefaults };
const task = { type: 'note', identifyTag: 't', payload: { n: 1 } };

describe('toJob', () => {
  it('completes what is left out from the defaults, and makes an id', () => {
    const { name, data, opts } = toJob(task, undefined, options);
    expect(name).toBe('note');
    expect(data).toEqual({ identifyTag: 't', type: 'note', payload: { n: 1 } });
    expect(Object.keys(data)[0]).toBe('identifyTag'); // scripts find it at the start
    const { retryOrder, ...rest } = taskDefaults;
    expect(retryOrder).toBe('block');
    expect(opts).toEqual({ ...rest, jobId: expect.stringMatching(/^t/) });
  });

  it('takes what is given; undefined counts as left out', () => {
    const given = { jobId: 'a', delay: 5, attempts: 1, backoff: undefined, retryOrder: 'skip' } as const;
    const { opts } = toJob(task, given, options);
    expect(opts).toEqual({
      jobId: 'a',
      delay: 5,
      attempts: 1,
      retryOrder: 'skip',
      backoff: taskDefaults.backoff,
      removeOnComplete: taskDefaults.removeOnComplete,
      removeOnFail: taskDefaults.removeOnFail,
    });
  });

  it('writes "skip" where that is the default, and nothing where a task asks for "block"', () => {
    const skipping = { ...options, defaultTaskOptions: { ...taskDefaults, retryOrder: 'skip' } as const };
    expect(toJob(task, {}, skipping).opts).toMatchObject({ retryOrder: 'skip' });
    expect(toJob(task, { retryOrder: 'block' }, skipping).opts).not.toHaveProperty('retryOrder');
  });

  it('refuses a bad task before bad options', () => {
    expect(() => toJob({ ...task, type: '' }, { jobId: 'meta' }, options)).toThrow(InvalidTaskError);
    expect(() => toJob(task, { jobId: 'meta' }, options)).toThrow(ReservedJobIdError);
  });
});

describe('toJobs', () => {
  it('says which task of the list is bad', () => {
    const list = [task, { ...task, identifyTag: '' }];
    expect(() => toJobs(list, options)).toThrow(/\(task 1 of the list\)/);
    expect(() => toJobs([task, null as never], options)).toThrow(InvalidTaskError);
  });

  it('takes the options of each task', () => {
    const jobs = toJobs([task, { ...task, options: { jobId: 'b' } }], options);
    expect(jobs[1]!.opts.jobId).toBe('b');
    expect(jobs[1]!.data).not.toHaveProperty('options');
  });

  it.each([[undefined], [{}], ['list']])('refuses %j', (list) => {
    expect(() => toJobs(list as never, options)).toThrow(InvalidArgumentError);
  });
});
