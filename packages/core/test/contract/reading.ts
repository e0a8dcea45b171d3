import { describe, expect, it } from '@jest/globals';
import type { Job, QueueService } from '../../src/index.js';
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

    it('counts a task as soon as it is added, and a tag as waiting', async () => {
      const { queue, add } = await startStage(system);
      await queue.pause();
      await add('t');
      expect(await queue.getTagStats('t')).toMatchObject({ waiting: 1, active: 0, boundTo: [] });
      expect(await queue.getQueueStats()).toMatchObject({ waiting: 1, tagsWaiting: 1 });
      await queue.resume();
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

  describe('getTags', () => {
    it('tells what every tag waits for, those with the most waiting tasks first', async () => {
      const { queue, hold, add, addAll, open } = await startStage(system, {
        workerOptions: { maxBatchSize: 2 },
      });
      await add('p', 'fail', { backoff: 60_000 });
      await system.until('it is parked', async () => (await queue.getTagStats('p')).parkedUntil !== null);
      await hold('b');
      await queue.pauseTag('s');
      // So that no tag is bound in advance.
      await queue.pause();
      await addAll([
        ...upTo(4).map((n) => task('b', n)),
        ...upTo(3).map((n) => task('s', n)),
        task('r'),
        task('r'),
      ]);
      await system.until('they are indexed', async () => (await queue.getTagStats('r')).waiting === 2);
      const [{ workerId } = { workerId: '' }] = await queue.getWorkers();
      const tags = await queue.getTags();
      expect(tags).toMatchObject([
        { identifyTag: 'b', state: 'bound', waiting: 4, running: 1, boundTo: [workerId], parkedUntil: null },
        { identifyTag: 's', state: 'paused', waiting: 3, running: 0, boundTo: [] },
        { identifyTag: 'r', state: 'ready', waiting: 2, running: 0, boundTo: [] },
        { identifyTag: 'p', state: 'parked', waiting: 1, running: 0, parkedUntil: expect.any(Number) },
      ]);
      for (const { waitingSince } of tags) expect(waitingSince).toEqual(expect.any(Number));
      await expect(queue.getTags(0)).rejects.toMatchObject({ code: 'AFFINITY_INVALID_ARGUMENT' });
      open();
    });
  });

  describe('getWorkerDetails', () => {
    it('tells what a worker has, and where it runs', async () => {
      const { queue, addAll, runs, open, election } = await startStage(system);
      const about = { nodeId: election.nodeId, processId: process.pid, types: ['note'] };
      const idle = { status: 'idle', batch: null, currentJobId: null, nextIdentifyTag: null };
      expect(await queue.getWorkerDetails()).toMatchObject([{ ...about, ...idle }]);
      await queue.pauseTag('t');
      const [first] = await addAll([task('t', 'hold'), task('t'), task('t')]);
      await system.until('all are indexed', async () => (await queue.getTagStats('t')).waiting === 3);
      await queue.resumeTag('t');
      await system.until('it runs', () => runs.length === 1);
      expect(await queue.getWorkerDetails()).toMatchObject([
        {
          ...about,
          status: 'running',
          batch: { identifyTag: 't', position: 1, size: 3, waiting: 2 },
          currentJobId: first!.id,
        },
      ]);
      await expect(queue.getWorkerDetails(0)).rejects.toMatchObject({ code: 'AFFINITY_INVALID_ARGUMENT' });
      open();
    });
  });

  describe('explain', () => {
    const reasonOf = async (queue: QueueService, ...jobs: Job[]): Promise<unknown[]> =>
      Promise.all(jobs.map(async ({ id }) => (await queue.explain(id!)).reason));

    it('finds a task where it is, and says why', async () => {
      const { queue, hold, add, addAll, finished, open, runs } = await startStage(system, {
        workerOptions: { maxBatchSize: 2 },
      });
      const done = await add('d');
      await finished(done);
      const failed = await add('d', 'fail', { attempts: 1 });
      await expect(finished(failed)).rejects.toThrow('as it was told');
      const parked = await add('p', 'fail', { backoff: 60_000 });
      await system.until('it is parked', async () => (await queue.getTagStats('p')).parkedUntil !== null);
      const delayed = await add('t', 'go', { delay: 60_000 });
      await queue.pauseTag('s');
      const stopped = await add('s');
      const running = await hold('b');
      const more = await addAll([task('b'), task('b'), task('b'), task('r'), task('u')]);
      await system.until('they are indexed', async () => (await queue.getTagStats('u')).waiting === 1);
      expect(await reasonOf(queue, done, failed, parked, delayed, stopped, running)).toEqual([
        'completed', 'failed', 'tag-parked', 'delayed', 'tag-paused', 'running',
      ]); // prettier-ignore
      const bound = await queue.explain(more[2]!.id!);
      expect(bound).toMatchObject({
        jobId: more[2]!.id,
        state: 'waiting',
        type: 'note',
        identifyTag: 'b',
        reason: 'tag-bound',
        details: { workerIds: [runs.at(-1)!.workerId], tasksBefore: 3 },
        text: { en: expect.any(String), zh: expect.any(String) },
      });
      expect(await queue.explain(more[4]!.id!)).toMatchObject({
        reason: 'workers-busy',
        details: { workers: 1, tasksBefore: 0 },
      });
      expect((await queue.explain('nobody')).reason).toBe('not-found');
      await queue.pause();
      expect(await reasonOf(queue, more[4]!)).toEqual(['queue-paused']);
      open();
    });

    it('knows where nobody leads, nobody works, and nobody has a handler', async () => {
      const producer = await startStage(system, { role: 'PRODUCER' });
      expect(await reasonOf(producer.queue, await producer.add('t'))).toEqual(['no-leader']);
      const scheduler = await startStage(system, { role: 'SCHEDULER' });
      const waiting = await scheduler.add('t');
      await system.until('it is indexed', async () => (await scheduler.queue.getTagStats('t')).waiting === 1);
      expect(await reasonOf(scheduler.queue, waiting)).toEqual(['no-workers']);
      const { queue, hold, open } = await startStage(system);
      await hold('t');
      const unknown = await queue.add({ type: 'unheard-of', identifyTag: 'u', payload: null });
      await system.until('it is indexed', async () => (await queue.getTagStats('u')).waiting === 1);
      expect(await queue.explain(unknown.id!)).toMatchObject({
        reason: 'no-handler',
        details: { type: 'unheard-of', registeredTypes: ['note'] },
      });
      open();
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

    it('resigns when it is asked to, if it is the one that was meant', async () => {
      const { election } = await startStage(system);
      await system.until('it leads', () => election.isLeader());
      const leader = (await election.getLeader())!;
      const another = { nodeId: leader.nodeId, epoch: leader.epoch + 1 };
      expect(await election.requestResignation(another)).toBeNull();
      expect(await election.getLeader()).toMatchObject({ epoch: leader.epoch });
      expect(await election.requestResignation(leader)).toBe(election.nodeId);
      await system.until('it leads again', async () => {
        const epoch = (await election.getLeader())?.epoch ?? 0;
        return election.isLeader() && epoch > leader.epoch;
      });
    });

    it('is nobody to ask where there is none', async () => {
      const { election } = await startStage(system, { role: 'PRODUCER' });
      expect(await election.requestResignation()).toBeNull();
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
