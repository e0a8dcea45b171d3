import { afterEach, describe, expect, it } from '@jest/globals';
import { TaskFailedError } from '../../../src/index.js';
import { closeAll, startInstance } from '../../support/calm.js';
import { uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';

afterEach(closeAll);

const task = { type: 'new', identifyTag: 't', payload: 7 };

describe('a task whose type has no handler', () => {
  it('fails with an error that lists the registered types, after all its attempts', async () => {
    const { queue } = await startInstance({ name: uniqueName() }, (workers) => {
      workers.registerHandler('send-email', () => 1);
      workers.registerHandler('generate-invoice', () => 1);
    });
    const job = await queue.add(task, { attempts: 3, backoff: 5 });
    const next = await queue.add({ ...task, type: 'send-email' });
    await expect(queue.waitUntilFinished(job, 5_000)).rejects.toThrow(
      "No handler for task type 'new' on this worker; registered types: 'generate-invoice', 'send-email'",
    );
    await expect(queue.waitUntilFinished(job, 5_000)).rejects.toBeInstanceOf(TaskFailedError);
    expect((await queue.getJob(job.id!))!.attemptsMade).toBe(3);
    expect(await queue.waitUntilFinished(next, 5_000)).toBe(1); // the tag goes on
  });

  it('where nothing is registered says so', async () => {
    const { queue } = await startInstance({ name: uniqueName() });
    const job = await queue.add({ ...task, type: '__proto__' }, { attempts: 1 });
    await expect(queue.waitUntilFinished(job, 5_000)).rejects.toThrow(
      "No handler for task type '__proto__' on this worker; registered types: none",
    );
  });

  it('is taken by a newer instance in a later attempt', async () => {
    const name = uniqueName();
    const old = await startInstance({ name }, (workers) => {
      workers.registerHandler('old', () => 'old');
    });
    const job = await old.queue.add(task, { attempts: 100, backoff: 10 });
    await until('the old one has tried', async () => (await old.queue.getJob(job.id!))!.attemptsMade >= 2);
    const newer = await startInstance({ name }, (workers) => {
      workers.registerHandler('old', () => 'newer');
      workers.registerHandler('new', (payload) => payload);
    });
    expect(await newer.queue.waitUntilFinished(job, 10_000)).toBe(7);
  });

  it('can have its handler registered later, also on running workers', async () => {
    const { queue, workers } = await startInstance({ name: uniqueName() });
    const job = await queue.add(task, { attempts: 1_000, backoff: 5 });
    await until('it has failed once', async () => (await queue.getJob(job.id!))!.attemptsMade >= 1);
    workers.registerHandler('new', () => 'late');
    expect(await queue.waitUntilFinished(job, 5_000)).toBe('late');
  });
});
