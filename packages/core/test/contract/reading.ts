import { describe, expect, it } from '@jest/globals';
import { startStage, task, upTo } from './stage.js';
import type { ContractSystem } from './system.js';

export function describeReading(system: ContractSystem): void {
  describe('getQueueStats', () => {
    it('counts every state', async () => {
      const { queue, hold, add, addAll, finished, open } = await startStage(system, {
        workerOptions: { workerCount: 2 },
      });
      await finished(await add('a'));
      await expect(finished(await add('a', 'fail', { attempts: 1 }))).rejects.toThrow('as it was told');
      await hold('b');
      await add('c', 'fail', { backoff: 60_000 });
      await system.until('it is parked', async () => (await queue.getTagStats('c')).parkedUntil !== null);
      await queue.pauseTag('d');
      await addAll([task('b'), task('c'), task('d'), task('e', 'go', { delay: 60_000 })]);
      await system.until('it is settled', async () => {
        const { workersIdle, tagsWaiting } = await queue.getQueueStats();
        return workersIdle === 1 && tagsWaiting === 2;
      });
      expect(await queue.getQueueStats()).toEqual({
        waiting: 4,
        active: 1,
        delayed: 1,
        completed: 1,
        failed: 1,
        paused: false,
        tagsWaiting: 2,
        tagsBound: 1,
        workersIdle: 1,
        workersRunning: 1,
      });
      open();
    });
  });

  describe('getTagStats', () => {
    it('knows nothing of a tag without tasks', async () => {
      const { queue } = await startStage(system);
      const nothing = { waiting: 0, active: 0, boundTo: [], paused: false, parkedUntil: null };
      expect(await queue.getTagStats('t')).toEqual({ identifyTag: 't', ...nothing });
    });

    it('tells which worker has it, what runs and what waits', async () => {
      const { queue, hold, addAll, open } = await startStage(system, { workerOptions: { maxBatchSize: 3 } });
      await hold('t');
      await addAll(upTo(5).map((n) => task('t', n)));
      await system.until('they are indexed', async () => (await queue.getTagStats('t')).waiting === 5);
      const [worker] = await queue.getWorkers();
      expect(await queue.getTagStats('t')).toEqual({
        identifyTag: 't',
        waiting: 5,
        active: 1,
        boundTo: [worker!.workerId],
        paused: false,
        parkedUntil: null,
      });
      open();
    });

    it('tells until when a back-off lasts', async () => {
      const { queue, add } = await startStage(system);
      const before = system.nowMs();
      await add('t', 'fail', { backoff: 60_000 });
      await system.until('it is parked', async () => (await queue.getTagStats('t')).parkedUntil !== null);
      const { parkedUntil } = await queue.getTagStats('t');
      expect(parkedUntil).toBeGreaterThanOrEqual(before + 60_000 - 5);
      expect(parkedUntil).toBeLessThanOrEqual(system.nowMs() + 60_000 + 5);
    });
  });

  describe('the state of workers', () => {
    it('is the same by getWorkers and getWorkerStates', async () => {
      const { queue, workers, addAll, open, runs, election } = await startStage(system);
      const [{ workerId } = { workerId: '' }] = workers.getWorkerStates();
      expect(workerId).toBe(`${election.nodeId}-1`);
      const idle = { workerId, status: 'idle', currentIdentifyTag: null, currentBatchSize: 0 };
      expect(workers.getWorkerStates()).toEqual([idle]);
      expect(await queue.getWorkers()).toEqual([idle]);
      await queue.pauseTag('t: 1');
      await addAll([task('t: 1', 'hold'), ...upTo(3).map((n) => task('t: 1', n))]);
      await system.until('all are indexed', async () => (await queue.getTagStats('t: 1')).waiting === 4);
      await queue.resumeTag('t: 1');
      await system.until('it runs', () => runs.length === 1);
      const running = { workerId, status: 'running', currentIdentifyTag: 't: 1', currentBatchSize: 4 };
      expect(workers.getWorkerStates()).toEqual([running]);
      expect(await queue.getWorkers()).toEqual([running]);
      open();
      await system.until('it is idle again', () => workers.getWorkerStates()[0]?.status === 'idle');
      expect(await queue.getWorkers()).toEqual([idle]);
      expect(workers.hasLease).toBe(true);
    });
  });

  describe('the leader', () => {
    it('is this instance, until it resigns, and again', async () => {
      const { election } = await startStage(system);
      const seen: boolean[] = [];
      election.leadership$.subscribe((leads) => seen.push(leads));
      await system.until('it leads', () => election.isLeader());
      const leader = (await election.getLeader())!;
      expect(leader).toMatchObject({ nodeId: election.nodeId, processId: process.pid });
      expect(leader.epoch).toBeGreaterThan(0);
      await election.resign();
      await system.until('it leads again', () => election.isLeader() && seen.at(-1) === true);
      expect(seen.slice(-3)).toEqual([true, false, true]);
      expect((await election.getLeader())!.epoch).toBeGreaterThan(leader.epoch);
    });
  });

  describe('roles', () => {
    it('PRODUCER adds, and does nothing else', async () => {
      const { queue, workers, scheduler, election, add } = await startStage(system, { role: 'PRODUCER' });
      expect([workers.runsTasks, election.isCandidate, election.isLeader(), scheduler.isScheduling]).toEqual([
        false,
        false,
        false,
        false,
      ]);
      const job = await add('t');
      expect(await job.getState()).toBe('waiting');
      expect(await queue.getWorkers()).toEqual([]);
      expect(await election.getLeader()).toBeNull();
    });

    it('SCHEDULER leads, takes handlers, and runs nothing', async () => {
      const { queue, workers, election, add } = await startStage(system, { role: 'SCHEDULER' });
      expect(workers.registeredTypes).toEqual(['note']);
      await system.until('it leads', () => election.isLeader());
      await add('t');
      await system.until('it is indexed', async () => (await queue.getTagStats('t')).waiting === 1);
      expect(await queue.getQueueStats()).toMatchObject({ waiting: 1, tagsWaiting: 1, workersIdle: 0 });
    });
  });

  describe('retention', () => {
    it('keeps what the options of a task say', async () => {
      const { queue, add, finished } = await startStage(system);
      const ids: string[] = [];
      for (const n of upTo(4)) {
        const job = await add('t', n, { removeOnComplete: 2 });
        ids.push(job.id!);
        await finished(job);
      }
      await system.until('two are kept', async () => (await queue.getQueueStats()).completed === 2);
      const kept = await Promise.all(ids.map((id) => queue.getJob(id)));
      expect(kept.map((job) => job !== undefined)).toEqual([false, false, true, true]);
      await finished(await add('t', 'gone', { removeOnComplete: true }));
      await Promise.allSettled([finished(await add('t', 'fail', { removeOnFail: true, attempts: 1 }))]);
      expect(await queue.getQueueStats()).toMatchObject({ completed: 2, failed: 0 });
    });
  });
}
