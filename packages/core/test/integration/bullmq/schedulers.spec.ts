import { afterEach, describe, expect, it } from '@jest/globals';
import type { Job } from 'bullmq';
import { composeScripts } from '../../../src/bullmq/bullmq-scripts.js';
import { WorkerFencedError } from '../../../src/errors/errors.js';
import { queueKeys } from '../../../src/redis/queue-keys.js';
import { QueueScripts } from '../../../src/redis/queue-scripts.js';
import { ScriptRunner } from '../../../src/redis/script-runner.js';
import { until } from '../../support/until.js';
import { Bench, closeBenches, idsOf } from './support/stage.js';

const hourMs = 3_600_000;

afterEach(closeBenches);

const template = (identifyTag: string, payload: unknown = 0, type = 'echo') => ({
  name: type,
  data: { identifyTag, type, payload },
});

/** What a worker sends, sent by anybody. */
function scriptsOf({ name, redis }: Bench): { scripts: QueueScripts } {
  const keys = queueKeys({
    pendingQueueName: `${name}-pending`,
    workerQueuePrefix: `${name}-worker`,
    workerStatePrefix: `${name}-state`,
  });
  return { scripts: new QueueScripts(new ScriptRunner(redis, 5_000, composeScripts()), keys) };
}

describe('a job scheduler', () => {
  it('has its next iteration added by the worker that takes the current one', async () => {
    const bench = await Bench.start();
    const everyMs = 200;
    await bench.queue.upsertJobScheduler('often', { every: everyMs }, template('tag', 'tick'));
    await until('it has run three times', async () => (await bench.queue.getCompletedCount()) >= 3);
    const runs = (await bench.queue.getCompleted()).reverse();
    expect(runs.map(({ name, data, returnvalue }) => [name, data.identifyTag, returnvalue])).toEqual(
      runs.map(() => ['echo', 'tag', 'tick']),
    );
    const due = runs.map(({ id }) => Number(id!.split(':').at(-1)));
    for (let i = 1; i < due.length; i += 1) expect((due[i]! - due[i - 1]!) % everyMs).toBe(0);
    expect(new Set(due).size).toBe(due.length);
    expect(await bench.queue.getJobSchedulersCount()).toBe(1);
    expect((await bench.queue.getJobScheduler('often'))!.iterationCount).toBeGreaterThanOrEqual(3);
  });

  it('of a pattern waits for its time', async () => {
    const bench = await Bench.start();
    const job = await bench.queue.upsertJobScheduler(
      'cron',
      { pattern: '0 0 1 1 *', tz: 'UTC' },
      template('tag'),
    );
    expect(await job.getState()).toBe('delayed');
    expect(await bench.queue.getJobSchedulers()).toEqual([
      expect.objectContaining({ key: 'cron', pattern: '0 0 1 1 *', name: 'echo' }),
    ]);
    expect(new Date((await bench.queue.getJobScheduler('cron'))!.next!).getUTCMonth()).toBe(0);
    await job.promote();
    await bench.untilAt('completed', job);
    const [next] = await bench.queue.getDelayed();
    expect(next!.id).not.toBe(job.id);
    expect(next!.repeatJobKey).toBe('cron');
  });

  it('ends after as many iterations as it was given', async () => {
    const bench = await Bench.start();
    await bench.queue.upsertJobScheduler('few', { every: 50, limit: 2 }, template('tag'));
    await until('both have run', async () => (await bench.queue.getCompletedCount()) === 2);
    expect(await bench.queue.getJobCountByTypes('delayed', 'waiting', 'active')).toBe(0);
  });

  it('keeps its iterations in the order of their tag', async () => {
    const bench = await Bench.start({ workerOptions: { workerCount: 1 } });
    const held = await bench.add('hold', 'tag');
    await bench.untilAt('running', held);
    const before = await bench.add('echo', 'tag', 'before');
    const job = await bench.queue.upsertJobScheduler('now', { every: hourMs }, template('tag', 'scheduled'));
    const after = await bench.add('echo', 'tag', 'after');
    await bench.untilAt('dispatched', before, job, after);
    await bench.holds.end(held.id!);
    await bench.untilAt('completed', before, job, after);
    const order = (await bench.events('active')).map(({ jobId }) => jobId);
    expect(order).toEqual(idsOf([held, before, job, after]));
    expect(await bench.queue.getDelayedCount()).toBe(1);
  });

  it.each(['indexed', 'dispatched', 'lookedAhead', 'added'] as const)(
    'that is changed replaces its iteration, although that is %s',
    async (place) => {
      const bench = await Bench.start({ workerOptions: { workerCount: 1 } });
      await bench.makeWorkerFast();
      const [held] = await bench.addTogether('hold', 'busy', 1);
      await bench.untilAt('running', held!);
      const occupied = place === 'indexed' ? await bench.addTogether('echo', 'ahead', 1) : [];
      await bench.untilAt('lookedAhead', ...occupied);
      if (place === 'added') bench.instance.scheduler.stop();
      const tag = place === 'dispatched' ? 'busy' : 'other';
      const before = await bench.queue.upsertJobScheduler('mine', { every: hourMs }, template(tag, 'old'));
      await bench.untilAt(place, before);

      bench.instance.scheduler.stop();
      const after = await bench.queue.upsertJobScheduler('mine', { every: hourMs }, template(tag, 'new'));
      expect(after.id).toBe(before.id);
      expect(await bench.queue.getWaitingCount()).toBe(occupied.length + 1);
      expect((await bench.queue.getJob(after.id!))!.data.payload).toBe('new');
      expect(await bench.placeOf(after.id!)).toBe('added');
      bench.instance.scheduler.start();
      await bench.holds.end(held!.id!);
      await bench.untilAt('completed', after, ...occupied);
      expect((await bench.queue.getJob(after.id!))!.returnvalue).toBe('new');
      expect(await bench.queue.getDelayedCount()).toBe(1);
      expect(await bench.redis.zcard(bench.key('aff:seq'))).toBe(0);
    },
  );

  it('that is removed takes its delayed iteration with it', async () => {
    const bench = await Bench.start();
    const job = await bench.queue.upsertJobScheduler('cron', { pattern: '0 0 1 1 *' }, template('tag'));
    expect(await bench.queue.removeJobScheduler('cron')).toBe(true);
    expect(await bench.queue.removeJobScheduler('cron')).toBe(false);
    expect(await job.getState()).toBe('unknown');
    expect(await bench.queue.getDelayedCount()).toBe(0);
    expect(await bench.queue.getJobSchedulersCount()).toBe(0);
  });

  it('that is removed while its iteration waits lets that one run, as the last', async () => {
    const bench = await Bench.start({ workerOptions: { workerCount: 1 } });
    const held = await bench.add('hold', 'tag');
    await bench.untilAt('running', held);
    const job = await bench.queue.upsertJobScheduler('mine', { every: 50 }, template('tag'));
    await bench.untilAt('dispatched', job);
    await bench.queue.removeJobScheduler('mine');
    await bench.holds.end(held.id!);
    await bench.untilAt('completed', job);
    expect(await bench.queue.getJobCountByTypes('delayed', 'waiting', 'active')).toBe(0);
  });

  it('protects its iteration from removal, wherever that waits', async () => {
    const bench = await Bench.start({ role: 'SCHEDULER' });
    const job = await bench.queue.upsertJobScheduler('mine', { every: hourMs }, template('tag'));
    await bench.untilAt('indexed', job);
    await expect(bench.queue.remove(job.id!)).rejects.toThrow('belongs to a job scheduler');
    await expect(job.remove()).rejects.toThrow('belongs to a job scheduler');
    expect(await bench.queue.clean(0, 10, 'wait')).toEqual([]);
    await bench.queue.drain(true);
    expect(idsOf(await bench.queue.getWaiting())).toEqual([job.id]);
    expect(await bench.placeOf(job.id!)).toBe('indexed');
    expect(await bench.redis.llen(bench.key('wait'))).toBe(0);
    expect(await bench.redis.exists(bench.key('aff:exposed'), bench.key('aff:none'))).toBe(0);
  });

  it('whose next iteration cannot be added fails the current one, and the worker goes on', async () => {
    const bench = await Bench.start({ workerOptions: { workerCount: 1 } });
    const errors: unknown[] = [];
    bench.service.errors$.subscribe((error) => errors.push(error));
    bench.instance.scheduler.stop();
    const job = await bench.queue.upsertJobScheduler('broken', { every: hourMs }, template('tag'));
    // What a foreign producer may have written: neither a pattern nor an interval.
    const opts = JSON.parse((await bench.redis.hget(bench.key(job.id!), 'opts'))!) as Record<string, unknown>;
    await bench.redis.hset(bench.key(job.id!), 'opts', JSON.stringify({ ...opts, repeat: {} }));
    bench.instance.scheduler.start();
    const next = await bench.add('echo', 'tag');
    await bench.untilAt('failed', job);
    await bench.untilAt('completed', next);
    expect((await bench.queue.getJob(job.id!))!.failedReason).toMatch(
      /^the attempt could not be begun: .*Either \.pattern or \.every options must be defined/,
    );
    expect(errors.length).toBeGreaterThan(0);
  });

  it('of a paused queue is changed and removed as well', async () => {
    const bench = await Bench.start();
    await bench.service.pauseTag('tag');
    const set = (payload: string) =>
      bench.service.schedule('mine', { every: hourMs }, { type: 'echo', identifyTag: 'tag', payload });
    const { nextJobId } = await set('old');
    await bench.untilAt('indexed', { id: nextJobId! } as Job);
    await bench.service.pause();
    expect((await set('new')).nextJobId).toBe(nextJobId);
    expect(await bench.queue.getWaitingCount()).toBe(1);
    expect((await bench.queue.getJob(nextJobId!))!.data.payload).toBe('new');
    await bench.service.schedule('mine', { every: 60_000 }, { ...template('tag').data, type: 'echo' });
    expect(await bench.queue.getWaitingCount()).toBe(1);
    expect(await bench.service.unschedule('mine')).toBe(true);
    expect(await bench.queue.getJobCountByTypes('waiting', 'delayed', 'active')).toBe(0);
    expect(await bench.redis.zcard(bench.key('aff:seq'))).toBe(0);
    expect(await bench.redis.exists(bench.key('repeat'), bench.key('repeat:mine'))).toBe(0);
  });

  it('is not touched by the worker of an instance that was declared dead', async () => {
    const bench = await Bench.start();
    const { nextJobId } = await bench.service.schedule(
      'mine',
      { every: hourMs, limit: 2 },
      { type: 'hold', identifyTag: 'tag', payload: 0 },
    );
    await bench.holds.context(nextJobId!);
    const before = await bench.redis.zscore(bench.key('repeat'), 'mine');
    const { scripts } = scriptsOf(bench);
    const args = ['0', 'mine', '{}', Buffer.from([0x80]), '0', bench.key(''), nextJobId!];
    const call = { caller: 'nobody-1', keys: new Array<string>(12).fill(bench.key('repeat')), args };
    await expect(scripts.run('advanceScheduler', call)).rejects.toBeInstanceOf(WorkerFencedError);
    expect(await bench.redis.zscore(bench.key('repeat'), 'mine')).toBe(before);
    await bench.holds.end(nextJobId!);
  });

  it('of an interval that was changed does not wait for the old one when it is late', async () => {
    const bench = await Bench.start({ workerOptions: { workerCount: 1 } });
    const set = (every: number) =>
      bench.service.schedule('mine', { every }, { type: 'hold', identifyTag: 'tag', payload: 0 });
    const { nextJobId: first } = await set(10 * hourMs);
    await bench.holds.context(first!);
    const { nextJobId: second } = await set(1_000);
    await bench.holds.end(first!);
    await bench.holds.context(second!);
    const { next } = (await bench.service.getSchedule('mine'))!;
    expect(next! - Date.now()).toBeLessThanOrEqual(1_000);
    const offset = Number(await bench.redis.hget(bench.key('repeat:mine'), 'offset'));
    expect(offset).toBe(next! % 1_000);
    await bench.service.unschedule('mine');
    await bench.holds.end(second!);
  });
});
