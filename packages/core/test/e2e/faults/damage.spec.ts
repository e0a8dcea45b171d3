import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.js';
import { clearStage, noiseMs, numbers, quickLeases, Scene } from './support/scene.js';

afterEach(clearStage);

describe('a hand in Redis', () => {
  it("that takes the expiry from a dead leader's lock: it is taken over all the same", async () => {
    const scene = await Scene.open();
    const doomed = await scene.startChild({ role: 'SCHEDULER' });
    await scene.untilLeader();
    const other = await scene.startLocal({ role: 'BOTH' });
    await doomed.kill();
    expect(await scene.redis.persist(scene.keys.electionLock)).toBe(1);
    const persistedAt = performance.now();
    await scene.add('a', numbers(2));
    await scene.untilCompleted(2);
    expect(await scene.leader()).toBe(other.election.nodeId);
    expect(performance.now() - persistedAt).toBeLessThan(2 * quickLeases.electionLockTtl + noiseMs);
  });

  it("that makes a dead leader's lock last for hours, as a clock that is set back does: it is taken over all the same", async () => {
    const scene = await Scene.open();
    // As on different hosts, where nobody sees that it is dead.
    const electionOptions = { ...quickLeases, watchLocalProcesses: false };
    const doomed = await scene.startChild({ role: 'SCHEDULER', electionOptions });
    await scene.untilLeader();
    const other = await scene.startLocal({ role: 'BOTH', electionOptions });
    await doomed.kill();
    expect(await scene.redis.pexpire(scene.keys.electionLock, 7_229_000)).toBe(1);
    const prolongedAt = performance.now();
    await scene.add('a', numbers(2));
    await scene.untilCompleted(2);
    expect(await scene.leader()).toBe(other.election.nodeId);
    expect(performance.now() - prolongedAt).toBeLessThan(2 * quickLeases.electionLockTtl + noiseMs);
  });

  it("that takes the expiry from a living leader's lock: it keeps it, and gives it an expiry again", async () => {
    const scene = await Scene.open();
    const leader = await scene.startLocal({ role: 'BOTH' });
    await scene.untilLeader();
    const follower = await scene.startLocal({ role: 'BOTH' });
    const led: boolean[] = [];
    const subscription = follower.election.leadership$.subscribe((leads) => led.push(leads));
    const { heartbeats } = (await leader.election.getLeader())!;
    await scene.redis.persist(scene.keys.electionLock);
    await until('it has an expiry', async () => (await scene.redis.pttl(scene.keys.electionLock)) > 0);
    await until('it has been renewed for longer than any lease', async () => {
      const now = await leader.election.getLeader();
      return now!.heartbeats >= heartbeats + 10;
    });
    expect(led).toEqual([false]);
    subscription.unsubscribe();
  });

  it('that deletes the lock: there is one leader again, with a higher epoch', async () => {
    const scene = await Scene.open();
    const leader = await scene.startLocal({ role: 'BOTH' });
    await scene.untilLeader();
    const { epoch } = (await leader.election.getLeader())!;
    await scene.redis.del(scene.keys.electionLock);
    await scene.add('a', numbers(3));
    await scene.untilCompleted(3);
    const next = (await leader.election.getLeader())!;
    expect(next.epoch).toBeGreaterThan(epoch);
    expect(leader.election.isLeader()).toBe(true);
  });

  it('that deletes the registry: workers join again, and give back what they held, also while nobody leads', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    await scene.startLocal({ role: 'WORKER' });
    const scheduler = await scene.startLocal({ role: 'SCHEDULER' });
    await scene.add('a', [{ n: 0, hold: gate.hold }, 1, 2]);
    await scene.untilStarted('a', 0);
    await scheduler.close();
    const [before] = await scene.workers();
    await scene.redis.del(scene.keys.workerRegistry);
    await until('the tasks are given back', async () => {
      const { waiting, boundTo } = await scene.producer.queue.getTagStats('a');
      return waiting === 3 && boundTo.length === 0;
    });
    expect(await scene.redis.exists(scene.keys.workerMeta(before!))).toBe(0);
    await gate.open();
    await scene.startLocal({ role: 'SCHEDULER' });
    await scene.untilCompleted(3);
    expect((await scene.journal.of('a')).slice(0, 2).map(({ what }) => what)).toEqual(['started', 'aborted']);
    expect(await scene.journal.started('a')).toEqual([0, 0, 1, 2]);
    const after = await scene.workers();
    expect(after).toHaveLength(1);
    expect(after[0]).not.toBe(before);
  });

  it('that deletes the registration of a worker that is dead: its tasks are recovered', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    const [doomed] = await Promise.all([
      scene.startChild({ role: 'WORKER' }),
      scene.startLocal({ role: 'SCHEDULER' }),
    ]);
    await scene.add('a', [{ n: 0, hold: gate.hold }, 1]);
    await scene.untilStarted('a', 0);
    await doomed.kill();
    await scene.redis.del(scene.keys.workerRegistry);
    await gate.open();
    await scene.startLocal({ role: 'WORKER' });
    await scene.untilCompleted(2);
    expect(await scene.journal.started('a')).toEqual([0, 0, 1]);
  });

  it("that leaves nothing but the queue of a worker: the next leader finds it, and touches no other application's", async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    const [doomed, leader] = await Promise.all([
      scene.startChild({ role: 'WORKER' }),
      scene.startLocal({ role: 'SCHEDULER' }),
    ]);
    await scene.add('a', [{ n: 0, hold: gate.hold }, 1, 2]);
    await scene.untilStarted('a', 0);
    const [workerId] = await scene.workers();
    await doomed.kill();
    await scene.redis.del(scene.keys.workerRegistry, scene.keys.beats);
    // As another application would have it that uses the same prefix for its worker queues.
    const foreign = `${scene.keys.workerBase}foreign:`;
    await scene.redis.hset(`${foreign}meta`, { queue: 'bull:another-queue:', tag: 'x', cur: 'y' });
    await scene.redis.lpush(`${foreign}wait`, 'z');
    // And one with characters that a pattern would not take literally.
    await scene.redis.hset(`${scene.keys.workerBase}[a]*:meta`, { queue: 'bull:another-queue:' });
    await gate.open();

    await leader.close();
    await scene.startLocal({ role: 'BOTH' });
    await scene.untilCompleted(3);
    expect(await scene.journal.started('a')).toEqual([0, 0, 1, 2]);
    expect(await scene.redis.exists(scene.keys.workerMeta(workerId!))).toBe(0);
    expect(await scene.redis.hgetall(`${foreign}meta`)).toEqual({
      queue: 'bull:another-queue:',
      tag: 'x',
      cur: 'y',
    });
    expect(await scene.redis.lrange(`${foreign}wait`, 0, -1)).toEqual(['z']);
    expect(await scene.redis.exists(`${scene.keys.workerBase}[a]*:meta`)).toBe(1);
  });

  it('that deletes everything: instances go on with an empty queue', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    await scene.startLocal({ role: 'BOTH' });
    await scene.add('a', [{ n: 0, hold: gate.hold }, 1]);
    await scene.untilStarted('a', 0);
    const keys = await scene.redis.keys(`*${scene.name}-[^j]*`);
    await scene.redis.del(...keys);
    await until('the handler was aborted', async () => (await scene.journal.of('a', 'aborted')).length === 1);
    await scene.add('b', numbers(2));
    await scene.untilCompleted(2);
    expect(await scene.journal.started('b')).toEqual([0, 1]);
    expect(await scene.journal.started('a')).toEqual([0]);
  });
});
