import { afterEach, describe, expect, it } from '@jest/globals';
import { closeAll, startInstance } from '../../support/calm.js';
import { upTo } from '../../support/recorder.js';
import { startStage, task, waitingStates, type Stage } from '../../support/stage.js';
import { until } from '../../support/until.js';

afterEach(closeAll);

/** BullMQ's add wakes nobody while the queue is paused; the leader finds the tasks at its next interval. */
const startPausable = (): Promise<Stage> => startStage({ queueOptions: { schedulerInterval: 50 } });

describe('pause and resume of a queue', () => {
  it('what runs ends, nothing more starts, also nothing that was dispatched; then it goes on in order', async () => {
    const { queue, recorder, open, hold } = await startPausable();
    await hold('t');
    const jobs = await queue.addBulk(upTo(5).map((n) => task('t', n)));
    await until('they are dispatched', async () => (await queue.getWorkers())[0]?.currentBatchSize === 6);
    await queue.pause();
    expect(await queue.getQueueStats()).toMatchObject({ paused: true, waiting: 5, active: 1 });
    open();
    // The commit that ends the running task would take the next one too.
    await until('it has ended', async () => (await queue.getQueueStats()).completed === 1);
    const later = await queue.add(task('t', 'later'));
    await until('the new one is indexed', async () => (await queue.getTagStats('t')).waiting === 6);
    expect(await queue.getQueueStats()).toMatchObject({ active: 0, waiting: 6 });
    expect(recorder.runs).toHaveLength(1);
    await queue.resume();
    await Promise.all([...jobs, later].map((job) => queue.waitUntilFinished(job, 5_000)));
    expect(recorder.payloads()).toEqual(['hold', 0, 1, 2, 3, 4, 'later']);
    expect((await queue.getQueueStats()).paused).toBe(false);
  });

  it('holds for every instance, also for one that joins later', async () => {
    const { queue, name, recorder } = await startPausable();
    await queue.pause();
    const register = startInstance({ name }, (workers) => {
      workers.registerHandler('note', recorder.handler());
    });
    const second = await register;
    const jobs = await second.queue.addBulk(upTo(4).map((n) => task(`t${n % 2}`, n)));
    await until('all are indexed', async () => (await queue.getQueueStats()).tagsWaiting === 2);
    expect(await second.queue.getQueueStats()).toMatchObject({ paused: true, workersIdle: 2, active: 0 });
    await second.queue.resume();
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 5_000)));
    expect(recorder.payloads('t0')).toEqual([0, 2]);
  });

  it('twice is as good as once', async () => {
    const { queue } = await startPausable();
    await queue.pause();
    await queue.pause();
    const job = await queue.add(task('t'));
    await queue.resume();
    await queue.resume();
    await queue.waitUntilFinished(job, 5_000);
  });

  it('a delayed task that becomes due meanwhile starts after the resume', async () => {
    const { queue, recorder } = await startPausable();
    await queue.pause();
    const job = await queue.add(task('t'), { delay: 20 });
    await until('it is due', async () => (await job.getState()) === 'waiting');
    expect(recorder.runs).toEqual([]);
    await queue.resume();
    await queue.waitUntilFinished(job, 5_000);
  });
});

describe.each(Object.entries(waitingStates))('pauseTag, of tasks that are %s', (_state, enter) => {
  it('holds them back until resumeTag, in their order; other tags go on', async () => {
    const stage = await startPausable();
    const { queue, recorder, scheduler } = stage;
    const { ids, proceed } = await enter(stage, ['a', 'b', 'c']);
    await queue.pauseTag('t');
    await queue.pauseTag('t');
    expect((await queue.getTagStats('t')).paused).toBe(true);
    await proceed();
    const fourth = await queue.add(task('t', 'd'));
    const other = await queue.add(task('other'));
    await queue.waitUntilFinished(other, 5_000);
    await until('all of it is indexed', async () => (await queue.getTagStats('t')).waiting === 4);
    expect(recorder.payloads('t')).not.toContain('a');
    expect(await queue.getQueueStats()).toMatchObject({ waiting: 4, tagsWaiting: 1, active: 0 });
    expect(scheduler.isScheduling).toBe(true);
    await queue.resumeTag('t');
    await queue.resumeTag('t');
    await Promise.all([...ids, fourth].map((job) => queue.waitUntilFinished(job, 5_000)));
    expect(recorder.payloads('t').filter((payload) => 'abcd'.includes(payload))).toEqual([
      'a',
      'b',
      'c',
      'd',
    ]);
    expect((await queue.getTagStats('t')).paused).toBe(false);
  });
});

describe('pauseTag', () => {
  it('lets the running task end; tasks that come meanwhile are not started by its batch', async () => {
    const { queue, recorder, open, hold } = await startPausable();
    await hold('t');
    await queue.pauseTag('t');
    const later = await queue.addBulk(upTo(3).map((n) => task('t', n)));
    await until('they are indexed', async () => (await queue.getTagStats('t')).waiting === 3);
    expect(await queue.getTagStats('t')).toMatchObject({ active: 1, paused: true });
    open();
    await until('the worker is free', async () => (await queue.getQueueStats()).workersIdle === 1);
    await queue.waitUntilFinished(await queue.add(task('other')), 5_000);
    expect(recorder.payloads('t')).toEqual(['hold']);
    await queue.resumeTag('t');
    await Promise.all(later.map((job) => queue.waitUntilFinished(job, 5_000)));
    expect(recorder.payloads('t')).toEqual(['hold', 0, 1, 2]);
  });

  it('can end while the task still runs', async () => {
    const { queue, recorder, open, hold } = await startPausable();
    await hold('t');
    const jobs = await queue.addBulk(upTo(3).map((n) => task('t', n)));
    await until('they are dispatched', async () => (await queue.getWorkers())[0]?.currentBatchSize === 4);
    await queue.pauseTag('t');
    await queue.resumeTag('t');
    open();
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 5_000)));
    expect(recorder.payloads('t')).toEqual(['hold', 0, 1, 2]);
    expect(recorder.overlaps).toEqual([]);
  });

  it('outlasts the back-off of a failed task, and does not shorten it', async () => {
    const { queue, recorder } = await startPausable();
    const failing = await queue.add(task('t', 'fail'), { attempts: 2, backoff: 50 });
    await until('the tag is parked', async () => (await queue.getTagStats('t')).parkedUntil !== null);
    await queue.pauseTag('t');
    await until('the back-off is over', async () => (await queue.getTagStats('t')).parkedUntil === null);
    await queue.waitUntilFinished(await queue.add(task('other')), 5_000);
    expect(recorder.ofTag('t')).toHaveLength(1);
    await queue.resumeTag('t');
    await expect(queue.waitUntilFinished(failing, 5_000)).rejects.toThrow('as it was told');

    const again = await queue.add(task('u', 'fail'), { attempts: 2, backoff: 150 });
    await until('the tag is parked', async () => (await queue.getTagStats('u')).parkedUntil !== null);
    await queue.pauseTag('u');
    await queue.resumeTag('u');
    await expect(queue.waitUntilFinished(again, 5_000)).rejects.toThrow('as it was told');
    const [first, second] = recorder.ofTag('u');
    expect(second!.startedAt - first!.endedAt!).toBeGreaterThanOrEqual(148);
  });

  it('of a tag without tasks holds those that come later', async () => {
    const { queue, recorder } = await startPausable();
    await queue.pauseTag('t');
    const job = await queue.add(task('t'));
    await queue.waitUntilFinished(await queue.add(task('other')), 5_000);
    await until('it is indexed', async () => (await queue.getTagStats('t')).waiting === 1);
    expect(recorder.ofTag('t')).toEqual([]);
    await queue.resumeTag('t');
    await queue.waitUntilFinished(job, 5_000);
  });
});

describe('purgeTag', () => {
  it('lets the running task end and keeps delayed ones', async () => {
    const { queue, recorder, open, hold } = await startPausable();
    await hold('t');
    const delayed = await queue.add(task('t', 'delayed'), { delay: 150 });
    await queue.addBulk(upTo(15).map((n) => task('t', n)));
    await until('all are indexed', async () => (await queue.getTagStats('t')).waiting === 15);
    expect(await queue.purgeTag('t')).toBe(15);
    expect(await queue.getTagStats('t')).toMatchObject({ waiting: 0, active: 1 });
    expect(await queue.getQueueStats()).toMatchObject({ waiting: 0, active: 1, delayed: 1 });
    open();
    await queue.waitUntilFinished(delayed, 5_000);
    expect(recorder.payloads('t')).toEqual(['hold', 'delayed']);
  });

  it('removes thousands of tasks, not yet taken in and indexed, among those of other tags', async () => {
    const { queue, scheduler, recorder } = await startPausable();
    await queue.pause();
    await queue.addBulk(upTo(600).map((n) => task(n % 3 === 0 ? 'keep' : 't', n)));
    await until('all are indexed', async () => (await queue.getTagStats('t')).waiting === 400);
    scheduler.stop();
    await queue.addBulk(upTo(600).map((n) => task(n % 3 === 0 ? 'keep' : 't', 600 + n)));
    expect(await queue.purgeTag('t')).toBe(800);
    expect(await queue.getQueueStats()).toMatchObject({ waiting: 400 });
    scheduler.start();
    await queue.resume();
    await until('the rest has run', async () => (await queue.getQueueStats()).completed === 400);
    expect(recorder.tags).toEqual(['keep']);
    expect(recorder.payloads()).toEqual(upTo(400).map((n) => 3 * n));
  });

  it('of a paused tag leaves it paused', async () => {
    const { queue, recorder } = await startPausable();
    await queue.pauseTag('t');
    await queue.add(task('t'));
    await until('it is indexed', async () => (await queue.getTagStats('t')).waiting === 1);
    expect(await queue.purgeTag('t')).toBe(1);
    expect(await queue.getTagStats('t')).toMatchObject({ waiting: 0, paused: true });
    const job = await queue.add(task('t', 'new'));
    await queue.waitUntilFinished(await queue.add(task('other')), 5_000);
    expect(recorder.ofTag('t')).toEqual([]);
    await queue.resumeTag('t');
    await queue.waitUntilFinished(job, 5_000);
  });
});
