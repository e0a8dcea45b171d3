import { afterEach, describe, expect, it } from '@jest/globals';
import { closeAll, startInstance } from '../../support/calm.js';
import { Recorder } from '../../support/recorder.js';
import { uniqueName } from '../../support/redis.js';
import { gate, until } from '../../support/until.js';

afterEach(closeAll);

const task = (payload: string) => ({ type: 'note', identifyTag: 't', payload });

async function start() {
  const recorder = new Recorder();
  const held = gate();
  const { queue } = await startInstance({ name: uniqueName() }, (workers) => {
    workers.registerHandler(
      'note',
      recorder.handler((payload) => (payload === 'hold' ? held.promise : undefined)),
    );
  });
  return { queue, recorder, open: held.open };
}

describe('delay', () => {
  it('a task starts when it is due: not before, and not at the next schedulerInterval only', async () => {
    const { queue, recorder } = await start();
    const before = performance.now();
    const job = await queue.add(task('late'), { delay: 1_000 });
    const after = performance.now();
    expect(await job.getState()).toBe('delayed');
    expect(await queue.getQueueStats()).toMatchObject({ delayed: 1, waiting: 0 });
    await queue.waitUntilFinished(job, 10_000);
    const { startedAt } = recorder.runs[0]!;
    expect(startedAt - before).toBeGreaterThanOrEqual(998); // both clocks round to a millisecond
    expect(startedAt - after).toBeLessThan(4_000);
  });

  it('tasks of one tag run in the order in which they become due', async () => {
    const { queue, recorder } = await start();
    const jobs = await queue.addBulk([
      { ...task('third'), options: { delay: 180 } },
      { ...task('first'), options: { delay: 60 } },
      { ...task('second'), options: { delay: 120 } },
      { ...task('now') },
    ]);
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 10_000)));
    expect(recorder.payloads()).toEqual(['now', 'first', 'second', 'third']);
  });

  it('tasks that are due at the same moment run in the order in which they were added', async () => {
    const { queue, recorder } = await start();
    const names = Array.from({ length: 30 }, (_, i) => `n${i}`);
    const jobs = await queue.addBulk(names.map((name) => ({ ...task(name), options: { delay: 50 } })));
    await Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 10_000)));
    expect(recorder.payloads()).toEqual(names);
  });

  it('a delayed task joins its tag when due, behind what waits by then', async () => {
    const { queue, recorder, open } = await start();
    await queue.add(task('hold'));
    await until('the worker is busy', () => recorder.runs.length === 1);
    const delayed = await queue.add(task('delayed'), { delay: 60 });
    await queue.add(task('earlier'));
    await until('it is due', async () => (await delayed.getState()) === 'waiting');
    const last = await queue.add(task('later'));
    open();
    await queue.waitUntilFinished(last, 10_000);
    expect(recorder.payloads()).toEqual(['hold', 'earlier', 'delayed', 'later']);
  });

  it('promote, changeDelay and a rescheduled delay of BullMQ work on it', async () => {
    const { queue, recorder } = await start();
    const promoted = await queue.add(task('promoted'), { delay: 60_000 });
    const sooner = await queue.add(task('sooner'), { delay: 60_000 });
    await promoted.promote();
    await sooner.changeDelay(30);
    await Promise.all([promoted, sooner].map((job) => queue.waitUntilFinished(job, 10_000)));
    expect(recorder.payloads()).toEqual(['promoted', 'sooner']);
  });
});
