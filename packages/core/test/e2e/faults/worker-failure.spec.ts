import { afterEach, describe, expect, it } from '@jest/globals';
import { LeaseLostError, type TaskContext } from '../../../src/index.js';
import { FaultProxy } from '../../support/proxy/fault-proxy.js';
import { until } from '../../support/until.js';
import { clearStage, noiseMs, numbers, quickLeases, Scene } from './support/scene.js';

afterEach(clearStage);

const { heartbeatTimeout } = quickLeases;

describe('a worker that is killed', () => {
  it('leaves its tasks to others: first of all, in their order, the one that ran first', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    // As on different hosts.
    const electionOptions = { ...quickLeases, watchLocalProcesses: false };
    const [doomed, leader] = await Promise.all([
      scene.startChild({ role: 'WORKER', electionOptions }),
      scene.startLocal({ role: 'SCHEDULER', workerOptions: { maxBatchSize: 4 } }),
    ]);
    await scene.add('a', [0, { n: 1, hold: gate.hold }, 2, 3, 4, 5]);
    await scene.untilStarted('a', 1);
    await scene.add('b', [0]);
    await until('both tags are taken in', async () => (await scene.dump()).wait.length === 0);

    await doomed.kill();
    const killedAt = performance.now();
    await gate.open();
    await scene.add('c', [0]);
    // One worker, and only now: what it does first was put first.
    await until('it is declared dead', async () => (await scene.said('recovered')) === 1);
    expect(performance.now() - killedAt).toBeLessThan(heartbeatTimeout + 1_000 + noiseMs);
    await scene.startLocal({ role: 'WORKER' });
    await scene.untilCompleted(8);

    const started = (await scene.journal.entries()).filter(({ what }) => what === 'started');
    expect(started.map(({ identifyTag, n }) => `${identifyTag}${n}`)).toEqual(
      ['a0', 'a1', 'a1', 'a2', 'a3', 'a4', 'b0', 'c0', 'a5'], // prettier-ignore
    );
    expect(started.filter(({ n }) => n === 1).map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(started[2]!.fencingToken).toBeGreaterThan(started[1]!.fencingToken);
    expect(await scene.journal.overlaps([doomed.nodeId])).toEqual([]);
    expect(await scene.workers()).toHaveLength(1);
    await leader.close();
  });

  it('does not use up an attempt of its task; after maxCrashes the task fails, says why, and its tag goes on', async () => {
    const scene = await Scene.open();
    await scene.startLocal({ role: 'SCHEDULER' });
    await Promise.all(numbers(3).map(() => scene.startChild({ role: 'WORKER' })));
    const [, poison] = await scene.add('a', [0, { n: 1, exit: true }, 2], { attempts: 1 });
    await until('three workers have died of it', async () => (await scene.said('recovered')) === 3);

    const survivor = await scene.startLocal({ role: 'WORKER' });
    await scene.untilCompleted(2);
    expect(await scene.journal.started('a')).toEqual([0, 1, 1, 1, 2]);
    const job = (await survivor.queue.getJob(poison!))!;
    expect(await job.getState()).toBe('failed');
    expect(job.failedReason).toBe('poison task: the worker died under it 3 times');
  });
});

describe('a worker that is busy for longer than its lease', () => {
  it('keeps it: the task runs once, and no other one of its tag meanwhile', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    await Promise.all([scene.startLocal(), scene.startLocal()]);
    await scene.add('a', [{ n: 0, hold: gate.hold }, 1]);
    await scene.untilStarted('a', 0);
    const [begun] = await scene.journal.of('a', 'started');
    const beats = async () => Number(await scene.redis.hget(scene.keys.beats, begun!.workerId));
    const from = await beats();
    // So many take longer than twice the lease, and than twice the lock.
    const enough = Math.ceil((2 * heartbeatTimeout) / quickLeases.heartbeatInterval);
    await until('so many heartbeats were sent', async () => (await beats()) >= from + enough);
    expect(await scene.journal.started('a')).toEqual([0]);
    await gate.open();
    await scene.untilCompleted(2);
    expect(await scene.journal.started('a')).toEqual([0, 1]);
    expect(await scene.said('recovered')).toBe(0);
    expect(await scene.journal.overlaps()).toEqual([]);
  });
});

describe('a worker that is frozen for longer than its lease', () => {
  it('has its commit refused, aborts its handler and joins again under another id', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    const [frozen] = await Promise.all([
      scene.startChild({ role: 'WORKER' }),
      scene.startLocal({ role: 'SCHEDULER' }),
    ]);
    const [held] = await scene.add('a', [{ n: 0, hold: gate.hold }, 1, 2]);
    await scene.untilStarted('a', 0);
    const [firstId] = await scene.workers();

    frozen.freeze();
    await until('it is declared dead', async () => (await scene.said('recovered')) === 1);
    const other = await scene.startLocal({ role: 'WORKER' });
    await gate.open();
    await scene.untilCompleted(3);
    await other.close();
    expect(await scene.workers()).toEqual([]);

    frozen.thaw();
    const [secondId] = await until('it has joined again', async () => {
      const workers = await scene.workers();
      return workers.length === 1 ? workers : undefined;
    });
    expect(secondId).not.toBe(firstId);
    expect(secondId).toContain(frozen.nodeId);
    await scene.add('b', [0]);
    await scene.untilCompleted(4);

    const ofFrozen = (await scene.journal.of('a')).filter(({ nodeId }) => nodeId === frozen.nodeId);
    expect(ofFrozen.map(({ what, n }) => `${what} ${n}`)).toEqual(['started 0', 'aborted 0']);
    expect(await scene.journal.started('a')).toEqual([0, 0, 1, 2]);
    expect(await scene.said('completed', { jobId: held! })).toBe(1);
    expect((await scene.producer.queue.getJob(held!))!.processedBy).toContain(other.election.nodeId);
  });

  it('has the commit of a handler refused that does not mind its signal', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    const [frozen] = await Promise.all([
      scene.startChild({ role: 'WORKER' }),
      scene.startLocal({ role: 'SCHEDULER' }),
    ]);
    const [held] = await scene.add('a', [{ n: 0, hold: gate.hold, deaf: true }]);
    await scene.untilStarted('a', 0);
    frozen.freeze();
    await until('it is declared dead', async () => (await scene.said('recovered')) === 1);
    frozen.thaw();
    // The task is this worker's again, under its new id, while the first handler still runs: only one may commit.
    await until('it has begun again', async () => (await scene.journal.started('a')).length === 2);
    await gate.open();
    await scene.untilCompleted(1);
    await until('both handlers have ended', async () => (await scene.journal.ended('a')).length === 2);
    expect(await scene.said('completed', { jobId: held! })).toBe(1);
    expect((await scene.producer.queue.getQueueStats()).completed).toBe(1);
    const [first, second] = await scene.journal.of('a', 'started');
    expect((await scene.producer.queue.getJob(held!))!.processedBy).toBe(second!.workerId);
    expect(second!.workerId).not.toBe(first!.workerId);
    await until('it says that the result was in vain', () =>
      frozen.messages.some((message) => message.startsWith(`Worker ${first!.workerId} 已不再持有任务`)),
    );
  });
});

describe('a worker that is cut off from Redis', () => {
  it('aborts its handler before the leader declares it dead, and joins again once it can', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    const proxy = await FaultProxy.start();
    const [worker, leader] = await Promise.all([
      scene.startLocal({ role: 'WORKER', redisOptions: { url: proxy.url } }),
      scene.startLocal({ role: 'SCHEDULER' }),
    ]);
    await scene.add('a', [{ n: 0, hold: gate.hold }, 1]);
    await scene.untilStarted('a', 0);
    const cutOff = proxy.plan('hold-request', 'beat');
    await cutOff.happened;

    await until('no worker may run tasks', () => worker.workers.getWorkerStates().length === 0);
    await until('it is declared dead', async () => (await scene.said('recovered')) === 1);
    // The handler writes on a connection of its own.
    const [aborted] = await scene.journal.of('a', 'aborted');
    const [recoveredAt] = await scene.timesOf('recovered');
    expect(aborted!.at).toBeLessThanOrEqual(recoveredAt!);
    await gate.open();
    await cutOff.release();
    await scene.untilCompleted(2);
    expect(await scene.journal.started('a')).toEqual([0, 0, 1]);
    expect(await scene.journal.overlaps()).toEqual([]);
    expect(await scene.workers()).toEqual([`${worker.election.nodeId}-2`]);
    await Promise.all([worker.close(), leader.close()]);
    await proxy.close();
  });

  it.each<[string, (context: TaskContext) => Promise<unknown>]>([
    ['progress', ({ updateProgress }) => updateProgress(50)],
    ['a log row', ({ log }) => log('row')],
    ['data', ({ job }) => job.updateData(job.data)],
  ])('does not keep its handler waiting that writes %s when the lease is over', async (_what, write) => {
    const scene = await Scene.open();
    const proxy = await FaultProxy.start();
    // Its command would be given up long after the lease.
    const worker = await scene.startLocal({
      role: 'WORKER',
      redisOptions: { url: proxy.url, commandTimeout: 60_000 },
    });
    let rejected: unknown;
    worker.workers.registerHandler('write', async (_payload, context) => {
      await write(context).catch((error: unknown) => {
        rejected = error;
        throw error;
      });
    });
    const writes = new Set(['updateTaskProgress', 'addTaskLog', 'updateTaskData']);
    const written = proxy.plan('hold-request', ({ name }) => writes.has(name));
    await scene.producer.queue.add({ type: 'write', identifyTag: 'a', payload: {} });
    const leader = await scene.startLocal({ role: 'SCHEDULER' });
    await written.happened;
    const cutOff = proxy.plan('hold-request', 'beat');
    await until('the write has been given up', () => rejected !== undefined);
    expect(rejected).toBeInstanceOf(LeaseLostError);
    await Promise.all([written.release(), cutOff.release()]);
    await scene.untilCompleted(1);
    await Promise.all([worker.close(), leader.close()]);
    await proxy.close();
  });
});
