import { afterEach, describe, expect, it } from '@jest/globals';
import { FaultProxy } from '../../support/proxy/fault-proxy.js';
import { until } from '../../support/until.js';
import { clearStage, noiseMs, numbers, quickLeases, Scene } from './support/scene.js';

afterEach(clearStage);

const { electionLockTtl, heartbeatTimeout } = quickLeases;
const FOLLOWING = '当前节点不是调度器领导者，仅作为 Worker 运行';

describe('a leader that is killed', () => {
  it('is replaced once its lock is over, and the log says so in the documented words and order', async () => {
    const scene = await Scene.open();
    // As on different hosts.
    const electionOptions = { ...quickLeases, watchLocalProcesses: false };
    const [scheduler, other] = await Promise.all([
      scene.startChild({ role: 'SCHEDULER', electionOptions }),
      scene.startChild({ role: 'BOTH', electionOptions }),
    ]);
    if ((await scene.untilLeader()) !== scheduler.nodeId) await other.ask('resign');
    await scene.untilLeader(other.nodeId);
    await until('the other one says that it does not lead', () => other.messages.at(-1) === FOLLOWING);
    const said = other.messages.length;

    await scheduler.kill();
    const killedAt = performance.now();
    await scene.add('a', numbers(3));
    await scene.untilStarted('a', 0);
    expect(performance.now() - killedAt).toBeLessThan(electionLockTtl + 500 + noiseMs);

    await scene.untilCompleted(3);
    expect(await scene.journal.started('a')).toEqual([0, 1, 2]);
    expect(other.messages.slice(said).filter((message) => !message.startsWith('任务'))).toEqual([
      `领导者 ${scheduler.nodeId} 心跳超时，尝试接管`,
      `节点 ${other.nodeId} 成为调度器领导者`,
    ]);
    const following = other.messages.filter((message) => message === FOLLOWING);
    expect(following).toHaveLength(1);
    expect(other.messages).toContain(`Worker ${other.nodeId}-1 已注册`);
  });

  it('and that ran a task itself: a new leader puts that one and those behind it back, in order', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    const electionOptions = { ...quickLeases, watchLocalProcesses: false };
    const doomed = await scene.startChild({ role: 'BOTH', electionOptions });
    await scene.untilLeader();
    await scene.add('a', [0, { n: 1, hold: gate.hold }, 2, 3]);
    await scene.untilStarted('a', 1);
    const other = await scene.startLocal({ role: 'BOTH', electionOptions });

    await doomed.kill();
    const killedAt = performance.now();
    await gate.open();
    await scene.add('a', [4]);
    await scene.untilCompleted(5);
    expect(performance.now() - killedAt).toBeLessThan(
      electionLockTtl + 500 + heartbeatTimeout + 1_000 + noiseMs,
    );
    expect(await scene.journal.started('a')).toEqual([0, 1, 1, 2, 3, 4]);
    expect(await scene.leader()).toBe(other.election.nodeId);
  });
});

describe('a leader that resigns', () => {
  it('is replaced at once, and stands again later', async () => {
    const scene = await Scene.open();
    const calm = { electionLockTtl: 20_000, heartbeatInterval: 5_000, heartbeatTimeout: 20_000 };
    const [first, second] = await Promise.all([
      scene.startLocal({ electionOptions: calm }),
      scene.startLocal({ electionOptions: calm }),
    ]);
    await scene.untilLeader();
    const [leader, other] = first.election.isLeader() ? [first, second] : [second, first];
    const resignedAt = performance.now();
    await leader.election.resign();
    expect(await scene.leader()).not.toBe(leader.election.nodeId);
    await until('the other one leads', () => other.election.isLeader());
    expect(performance.now() - resignedAt).toBeLessThan(200 + noiseMs);
    expect(leader.election.isLeader()).toBe(false);

    await other.election.resign();
    await until('the first one leads again', () => leader.election.isLeader());
  });
});

describe('leaders that come and go', () => {
  it('top up the batch of a tag to which tasks are added one by one, also while nobody leads', async () => {
    const scene = await Scene.open();
    const calm = { electionLockTtl: 20_000, heartbeatInterval: 5_000, heartbeatTimeout: 20_000 };
    const [maxBatchSize, batches] = [5, 6];
    const workerOptions = { maxBatchSize };
    await scene.startLocal({ role: 'WORKER', electionOptions: calm, workerOptions });
    const startLeader = async () => {
      const leader = await scene.startLocal({ role: 'SCHEDULER', electionOptions: calm, workerOptions });
      await until('it leads', () => leader.election.isLeader());
      return leader;
    };
    const sizeOfBatch = async () => (await scene.producer.queue.getWorkers())[0]?.currentBatchSize;
    let leader = await startLeader();
    for (let first = 0; first < maxBatchSize * batches; first += maxBatchSize) {
      const gate = scene.gate();
      await scene.add('a', [{ n: first, hold: gate.hold }]);
      await scene.untilStarted('a', first);
      await scene.add('a', [first + 1]);
      await scene.add('a', [first + 2]);
      await leader.close();
      await scene.add('a', [first + 3]);
      await scene.add('a', [first + 4]);
      leader = await startLeader();
      await until('the batch is full', async () => (await sizeOfBatch()) === maxBatchSize);
      expect(await scene.redis.exists(`${scene.keys.base}aff:touched`)).toBe(0);
      await gate.open();
    }
    await scene.untilCompleted(maxBatchSize * batches);
    const started = await scene.journal.of('a', 'started');
    expect(started.map(({ n }) => n)).toEqual(numbers(maxBatchSize * batches));
    const tokens = started.map(({ fencingToken }) => fencingToken);
    expect([...new Set(tokens)].map((token) => tokens.filter((one) => one === token).length)).toEqual(
      Array.from({ length: batches }, () => maxBatchSize),
    );
  });
});

describe('a leader that is frozen for longer than its lease', () => {
  it('finds another one when it thaws, and schedules nothing any more', async () => {
    const scene = await Scene.open();
    const frozen = await scene.startChild({ role: 'SCHEDULER' });
    await scene.untilLeader();
    const next = await scene.startLocal({ role: 'BOTH' });
    frozen.freeze();
    await until('the other one leads', () => next.election.isLeader());
    const { epoch } = (await next.election.getLeader())!;

    await scene.add('a', numbers(20));
    frozen.thaw();
    await until('the thawed one says so', () =>
      frozen.messages.some((message) => message.startsWith(`节点 ${frozen.nodeId} 不再是调度器领导者`)),
    );
    await until('it waits for its turn', () =>
      frozen.messages.some(
        (message) => message === `调度器节点 ${frozen.nodeId} 处于待命状态，等待接管领导权`,
      ),
    );
    await scene.untilCompleted(20);
    expect(await scene.journal.started('a')).toEqual(numbers(20));
    expect(await next.election.getLeader()).toMatchObject({ nodeId: next.election.nodeId, epoch });
  });

  it('has whatever it had under way refused by Redis', async () => {
    const scene = await Scene.open();
    const proxy = await FaultProxy.start();
    // Its schedulerInterval is over soon after a task has been added, whoever takes the marker.
    const late = await scene.startLocal({
      role: 'SCHEDULER',
      redisOptions: { url: proxy.url },
      queueOptions: { schedulerInterval: 50 },
    });
    await until('it leads', () => late.election.isLeader());
    await scene.startLocal({ role: 'WORKER' });
    const held = proxy.plan('hold-request', 'dispatch');
    await held.happened;
    const nextProxy = await FaultProxy.start();
    const notYet = nextProxy.plan('hold-request', 'dispatch');
    const next = await scene.startLocal({ role: 'SCHEDULER', redisOptions: { url: nextProxy.url } });
    await until('the other one leads', () => next.election.isLeader());
    const ids = await scene.add('a', numbers(3));
    const before = await scene.dump();

    await held.release();
    await until('it is told that it does not lead', () => !late.election.isLeader());
    // The dispatch has run by now: commands of this connection that came behind it have been answered.
    await late.queue.getQueueStats();
    expect(await scene.dump()).toEqual(before);
    expect(before).toMatchObject({ wait: [], ring: ['a'], seq: ids });

    await notYet.release();
    await scene.untilCompleted(3);
    expect(await scene.journal.started('a')).toEqual([0, 1, 2]);
    await Promise.all([late.close(), next.close()]);
    await Promise.all([proxy.close(), nextProxy.close()]);
  });
});

describe('a leader that lives and does not lead', () => {
  it('loses its lease while its event loop is blocked', async () => {
    const scene = await Scene.open();
    const blocked = await scene.startChild({ role: 'SCHEDULER' });
    await scene.untilLeader();
    const next = await scene.startLocal({ role: 'BOTH' });
    const answered = blocked.ask('block', 2 * electionLockTtl);
    await until('the other one leads', () => next.election.isLeader());
    await scene.add('a', numbers(5));
    await answered;
    await until('it says so', () =>
      blocked.messages.some((message) => message.startsWith(`节点 ${blocked.nodeId} 不再是调度器领导者`)),
    );
    await scene.untilCompleted(5);
    expect(await scene.journal.started('a')).toEqual(numbers(5));
    expect(next.election.isLeader()).toBe(true);
  });

  it('steps down when its dispatch loop makes no progress', async () => {
    const scene = await Scene.open();
    const instance = await scene.startLocal({ queueOptions: { schedulerInterval: 100 } });
    await until('it leads', () => instance.election.isLeader());
    // A key of another type: every dispatch fails from now on.
    await scene.redis.set(`${scene.keys.base}delayed`, 'damaged');
    const changes: boolean[] = [];
    const subscription = instance.election.leadership$.subscribe((leads) => changes.push(leads));
    await scene.add('a', [0]);
    await until('it has stepped down', () => changes.includes(false));
    expect(await scene.leader()).toBeUndefined();

    await scene.redis.del(`${scene.keys.base}delayed`);
    await scene.untilCompleted(1);
    expect(changes.at(-1)).toBe(true);
    subscription.unsubscribe();
  });
});

describe('a leader that lives', () => {
  it('is not taken over, however long its lock lasts', async () => {
    const scene = await Scene.open();
    // A follower is about to take it for dead again and again, long before it would find the lock expired.
    const electionOptions = { electionLockTtl: 20_000, heartbeatInterval: 30, heartbeatTimeout: 400 };
    const leader = await scene.startLocal({ role: 'SCHEDULER', electionOptions });
    await scene.untilLeader();
    const { epoch, heartbeats } = (await leader.election.getLeader())!;
    await scene.startLocal({ role: 'SCHEDULER', electionOptions });
    const now = () => leader.election.getLeader();
    await until(
      'it has been renewed for several timeouts',
      async () => (await now())!.heartbeats > heartbeats + 40,
    );
    expect(await now()).toMatchObject({ nodeId: leader.election.nodeId, epoch });
  });
});

describe('an instance that is stopped while it stands for election', () => {
  it('does not lead for a moment, and leaves no lock', async () => {
    const scene = await Scene.open();
    const proxy = await FaultProxy.start();
    const held = proxy.plan('hold-reply', 'acquireLeadership');
    const instance = await scene.startLocal({ role: 'SCHEDULER', redisOptions: { url: proxy.url } });
    const led: boolean[] = [];
    const subscription = instance.election.leadership$.subscribe((leads) => led.push(leads));
    await held.happened;
    const stopped = instance.election.stop();
    await held.release();
    await stopped;
    expect(led).toEqual([false]);
    expect(await scene.redis.exists(scene.keys.electionLock)).toBe(0);
    subscription.unsubscribe();
    await instance.close();
    await proxy.close();
  });
});
