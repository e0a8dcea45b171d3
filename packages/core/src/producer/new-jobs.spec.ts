import { describe, expect, it } from '@jest/globals';
import {
  InvalidArgumentError,
  InvalidTaskError,
  InvalidTaskOptionError,
  ReservedJobIdError,
  UnsupportedTaskOptionError,
} from '../errors/errors.js';
import { taskDefaults } from '../options/defaults.js';
import { NewJobs } from './new-jobs.js';

const options = { maxPayloadBytes: 100, maxTagBytes: 20, defaultTaskOptions: taskDefaults };
const newJobs = new NewJobs(options);
const task = { type: 'note', identifyTag: 't', payload: { n: 1 } };

describe('a new job', () => {
  it('completes what is left out from the defaults, and makes an id', () => {
    const before = Date.now();
    const made = newJobs.one(task, undefined);
    const { id, name, data, json, opts, optsJson, isPlain, timestamp } = made;
    expect(made.isIdDrawn).toBe(true);
    expect(id).toMatch(/^[A-Z][\w-]{12}$/);
    expect(name).toBe('note');
    expect(data).toEqual({ identifyTag: 't', type: 'note', payload: { n: 1 } });
    expect(json).toBe('{"identifyTag":"t","type":"note","payload":{"n":1}}'); // scripts find the tag at the start
    const { retryOrder, ...rest } = taskDefaults;
    expect(retryOrder).toBe('block');
    expect(opts).toEqual(rest); // an id that nobody chose is no option
    expect(JSON.parse(optsJson)).toEqual(rest);
    expect(isPlain).toBe(true);
    expect(timestamp).toBeGreaterThanOrEqual(before);
    expect(timestamp).toBeLessThanOrEqual(Date.now());
  });

  it('takes what is given; undefined counts as left out', () => {
    const given = { jobId: 'a', delay: 5, attempts: 1, backoff: undefined, retryOrder: 'skip' } as const;
    const { id, opts, optsJson } = newJobs.one(task, given);
    expect(id).toBe('a');
    expect(opts).toEqual({
      jobId: 'a',
      delay: 5,
      attempts: 1,
      retryOrder: 'skip',
      backoff: taskDefaults.backoff,
      removeOnComplete: taskDefaults.removeOnComplete,
      removeOnFail: taskDefaults.removeOnFail,
    });
    expect(JSON.parse(optsJson)).toEqual(opts);
  });

  it.each([[undefined], [{}], [{ jobId: undefined }], [{ attempts: 2 }]])(
    'with the options %j has an id that was drawn for it',
    (given) => {
      expect(newJobs.one(task, given).isIdDrawn).toBe(true);
    },
  );

  it('tells an id that was chosen from one that was drawn, also in a list', () => {
    expect(newJobs.one(task, { jobId: newJobs.one(task, undefined).id }).isIdDrawn).toBe(false);
    const list = newJobs.many([task, { ...task, options: { jobId: 'a' } }, { ...task, options: {} }]);
    expect(list.map(({ isIdDrawn }) => isIdDrawn)).toEqual([true, false, true]);
  });

  it('writes a back-off in milliseconds as BullMQ does', () => {
    expect(JSON.parse(newJobs.one(task, { backoff: 50 }).optsJson)).toMatchObject({
      backoff: { type: 'fixed', delay: 50 },
    });
  });

  it('writes "skip" where that is the default, and nothing where a task asks for "block"', () => {
    const skipping = new NewJobs({ ...options, defaultTaskOptions: { ...taskDefaults, retryOrder: 'skip' } });
    expect(skipping.one(task, undefined).opts).toMatchObject({ retryOrder: 'skip' });
    expect(skipping.one(task, { retryOrder: 'block' }).opts).not.toHaveProperty('retryOrder');
  });

  it.each([
    [{}, true],
    [{ delay: 0, jobId: 'a', attempts: 5 }, true],
    [{ delay: undefined, deduplication: undefined }, true],
    [{ delay: 1 }, false],
    [{ deduplication: { id: 'x' } }, false],
  ])('with the options %j is plain: %p', (given, isPlain) => {
    expect(newJobs.one(task, given).isPlain).toBe(isPlain);
  });

  it('refuses a bad task before bad options', () => {
    expect(() => newJobs.one({ ...task, type: '' }, { jobId: 'meta' })).toThrow(InvalidTaskError);
    expect(() => newJobs.one(task, { jobId: 'meta' })).toThrow(ReservedJobIdError);
  });
});

describe('a list of new jobs', () => {
  it('says which task of the list is bad', () => {
    const list = [task, { ...task, identifyTag: '' }];
    expect(() => newJobs.many(list)).toThrow(/\(task 1 of the list\)/);
    expect(() => newJobs.many([task, null as never])).toThrow(InvalidTaskError);
  });

  it.each([
    [{ options: { attempts: 0 } }, InvalidTaskOptionError],
    [{ options: { lifo: true } as never }, UnsupportedTaskOptionError],
    [{ options: { jobId: 'meta' } }, ReservedJobIdError],
    [{ type: '' }, InvalidTaskError],
  ])('names the place of a task that is refused for %j', (part, ErrorClass) => {
    let error: unknown;
    try {
      newJobs.many([task, task, { ...task, ...part }]);
    } catch (refusal) {
      error = refusal;
    }
    expect(error).toBeInstanceOf(ErrorClass);
    expect(error).toMatchObject({
      details: { index: 2 },
      message: expect.stringContaining('(task 2 of the list)'),
    });
    expect((error as Error).cause).toBeInstanceOf(ErrorClass);
  });

  it('takes the options of each task', () => {
    const jobs = newJobs.many([task, { ...task, options: { jobId: 'b' } }]);
    expect(jobs[1]!.opts.jobId).toBe('b');
    expect(jobs[1]!.data).not.toHaveProperty('options');
  });

  it.each([[undefined], [{}], ['list']])('refuses %j', (list) => {
    expect(() => newJobs.many(list as never)).toThrow(InvalidArgumentError);
  });
});
