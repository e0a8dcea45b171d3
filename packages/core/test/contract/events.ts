import { describe, expect, it } from '@jest/globals';
import type { QueueEvent } from '../../src/index.js';
import { startStage, task, upTo } from './stage.js';
import type { ContractSystem } from './system.js';

const ofType = <Type extends QueueEvent['type']>(events: readonly QueueEvent[], type: Type) =>
  events.filter((event) => event.type === type) as Extract<QueueEvent, { type: Type }>[];

export function describeEvents(system: ContractSystem): void {
  describe('events$', () => {
    it('tells the life of a task in order', async () => {
      const { queue, add, collect } = await startStage(system);
      const events = await collect();
      const job = await add('t');
      await system.until('it is released', () => ofType(events, 'released').length === 1);
      const [worker] = await queue.getWorkers();
      const about = { identifyTag: 't', workerId: worker!.workerId, size: 1 };
      const eventId = expect.any(String);
      const life = events.filter((event) =>
        'jobId' in event ? event.jobId === job.id : event.type !== 'leaderChanged',
      );
      expect(life).toEqual([
        { type: 'added', eventId, jobId: job.id, name: 'note' },
        { type: 'bound', eventId, ...about, fencingToken: expect.any(Number) },
        { type: 'started', eventId, jobId: job.id },
        { type: 'completed', eventId, jobId: job.id, returnvalue: 'go' },
        { type: 'released', eventId, ...about, reason: 'empty' },
      ]);
      for (const event of events) expect(Object.isFrozen(event)).toBe(true);
      expect(new Set(events.map((event) => event.eventId)).size).toBe(events.length);
    });

    it('tells of attempts that fail, and of why a batch ended', async () => {
      const { queue, add, addAll, collect, finished } = await startStage(system, {
        workerOptions: { maxBatchSize: 2 },
      });
      const events = await collect();
      const failing = await add('t', 'fail', { attempts: 2, backoff: 15 });
      await expect(finished(failing)).rejects.toThrow('as it was told');
      await system.until('it is released twice', () => ofType(events, 'released').length === 2);
      expect(ofType(events, 'retried')).toMatchObject([{ jobId: failing.id, attemptsMade: 1, delayMs: 15 }]);
      expect(ofType(events, 'failed')).toMatchObject([{ jobId: failing.id, failedReason: 'as it was told' }]);
      expect(ofType(events, 'released').map(({ reason }) => reason)).toEqual(['retry', 'empty']);
      await queue.pauseTag('u');
      await addAll(upTo(3).map((n) => task('u', n)));
      await system.until('all are indexed', async () => (await queue.getTagStats('u')).waiting === 3);
      await queue.resumeTag('u');
      await system.until('both batches are released', () => ofType(events, 'released').length === 4);
      expect(ofType(events, 'released').slice(2)).toMatchObject([
        { identifyTag: 'u', size: 2, reason: 'limit' },
        { identifyTag: 'u', size: 1, reason: 'empty' },
      ]);
    });

    it('tells of a paused tag, and of skipped retries', async () => {
      const { queue, hold, add, open, collect } = await startStage(system);
      const events = await collect();
      await hold('t');
      await add('t');
      await system.until(
        'it is dispatched',
        async () => (await queue.getWorkers())[0]?.currentBatchSize === 2,
      );
      await queue.pauseTag('t');
      open();
      await system.until('it is released', () => ofType(events, 'released').length === 1);
      expect(ofType(events, 'released')).toMatchObject([{ identifyTag: 't', size: 2, reason: 'paused' }]);
      const job = await add('u', 'fail', { attempts: 3, backoff: 10, retryOrder: 'skip' });
      await system.until('it has failed', () => ofType(events, 'failed').length === 1);
      expect(ofType(events, 'retried')).toMatchObject([
        { jobId: job.id, attemptsMade: 1, delayMs: 10 },
        { jobId: job.id, attemptsMade: 2, delayMs: 10 },
      ]);
    });

    it('tells of a worker that retires with a task in hand', async () => {
      const { queue, workers, hold, add, open, collect } = await startStage(system);
      const events = await collect();
      await hold('t');
      await add('t', 'next');
      await system.until(
        'it is dispatched',
        async () => (await queue.getWorkers())[0]?.currentBatchSize === 2,
      );
      const stopped = workers.stop();
      await queue.getQueueStats(); // by now it takes nothing new
      open();
      await system.settled(stopped);
      await system.until('it is released', () => ofType(events, 'released').length === 1);
      expect(ofType(events, 'released')).toMatchObject([{ identifyTag: 't', reason: 'shutdown' }]);
    });
  });
}
