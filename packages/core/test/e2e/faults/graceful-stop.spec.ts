import { afterEach, describe, expect, it } from '@jest/globals';
import { FaultProxy } from '../../support/proxy/fault-proxy.js';
import { until } from '../../support/until.js';
import { clearStage, noiseMs, numbers, Scene } from './support/scene.js';

afterEach(clearStage);

/** Nobody is to be declared dead here. */
const electionOptions = { electionLockTtl: 20_000, heartbeatInterval: 5_000, heartbeatTimeout: 20_000 };

/** Short tasks until the only worker counts as one that runs such tasks, which on a busy machine takes some. @returns how many */
async function warmUp(scene: Scene): Promise<number> {
  const [worker] = await scene.workers();
  const meta = `bull:${scene.name}-worker-${worker}:meta`;
  let count = 0;
  await until('its tasks are short', async () => {
    await scene.add('short', [count]);
    await scene.untilCompleted((count += 1));
    return (await scene.redis.hget(meta, 'short')) === '1';
  });
  return count;
}

describe('a graceful stop', () => {
  it('lets the running task finish, gives the rest back in order, and the tag goes on elsewhere at once', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    await scene.startLocal({ role: 'SCHEDULER', electionOptions });
    const leaving = await scene.startLocal({ role: 'WORKER', electionOptions });
    await scene.add('a', [0, { n: 1, hold: gate.hold }, 2, 3]);
    await scene.untilStarted('a', 1);
    await scene.startLocal({ role: 'WORKER', electionOptions });

    const closed = leaving.close();
    await scene.add('a', [4]);
    await until('it gets nothing new', async () => (await scene.dump()).idle.length === 1);
    await gate.open();
    const endedAt = performance.now();
    await scene.untilStarted('a', 2);
    expect(performance.now() - endedAt).toBeLessThan(1_000);
    await closed;
    await scene.untilCompleted(5);

    expect(await scene.journal.started('a')).toEqual(numbers(5));
    expect(await scene.journal.overlaps()).toEqual([]);
    const ranBy = (await scene.journal.of('a', 'ended')).map(
      ({ nodeId }) => nodeId === leaving.election.nodeId,
    );
    expect(ranBy).toEqual([true, true, false, false, false]);
    expect(await scene.workers()).toHaveLength(1);
    expect(await scene.redis.keys(`*${scene.name}*${leaving.election.nodeId}*`)).toEqual([]);
  });

  it('gives the look-ahead back at once, while the running task goes on', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    await scene.startLocal({ role: 'SCHEDULER', electionOptions });
    const leaving = await scene.startLocal({ role: 'WORKER', electionOptions });
    const warmUps = await warmUp(scene);
    await scene.add('a', [{ n: 0, hold: gate.hold }, 1]);
    await scene.untilStarted('a', 0);
    await scene.add('b', numbers(2));
    const boundTo = async () => (await scene.producer.queue.getTagStats('b')).boundTo;
    await until('it is its look-ahead', async () => (await boundTo()).length === 1);

    const closed = leaving.close();
    await until('it is given back', async () => (await boundTo()).length === 0);
    expect(await scene.journal.ended('a')).toEqual([]);
    expect((await scene.producer.queue.getTagStats('b')).waiting).toBe(2);
    await gate.open();
    await closed;
    expect(await scene.journal.ended('a')).toEqual([0]);
    await scene.startLocal({ role: 'WORKER', electionOptions });
    await scene.untilCompleted(warmUps + 4);
    expect(await scene.journal.started('a')).toEqual([0, 1]);
    expect(await scene.journal.started('b')).toEqual([0, 1]);
  });

  it('of an idle worker takes no time, also without any shutdownTimeout', async () => {
    const scene = await Scene.open();
    const workerOptions = { shutdownTimeout: 0, workerCount: 3 };
    const leaving = await scene.startLocal({ role: 'BOTH', electionOptions, workerOptions });
    const stopped = performance.now();
    await leaving.workers.stop();
    expect(performance.now() - stopped).toBeLessThan(noiseMs);
    expect(await scene.workers()).toEqual([]);
    // And comes back.
    await leaving.workers.start();
    expect(await scene.workers()).toHaveLength(3);
    await scene.add('a', numbers(3));
    await scene.untilCompleted(3);
  });

  it('aborts what takes longer than shutdownTimeout, gives it back and exits', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    const shutdownTimeout = 300;
    const [leaving] = await Promise.all([
      scene.startChild({
        role: 'WORKER',
        workerOptions: { shutdownTimeout, workerCount: 2 },
        electionOptions,
      }),
      scene.startLocal({ role: 'SCHEDULER', electionOptions }),
    ]);
    await scene.add('a', [{ n: 0, hold: gate.hold }, 1, 2], { attempts: 1 });
    await scene.add('deaf', [{ n: 0, hold: gate.hold, deaf: true }, 1], { attempts: 1 });
    await Promise.all([scene.untilStarted('a', 0), scene.untilStarted('deaf', 0)]);

    const toldAt = performance.now();
    await leaving.stop();
    // A handler that ignores its signal gets another second.
    expect(performance.now() - toldAt).toBeLessThan(shutdownTimeout + 1_000 + noiseMs);
    expect((await scene.journal.of('a')).map(({ what, n }) => `${what} ${n}`)).toEqual([
      'started 0',
      'aborted 0',
    ]);
    expect((await scene.journal.of('deaf')).map(({ what, n }) => `${what} ${n}`)).toEqual(['started 0']);
    expect(await scene.workers()).toEqual([]);
    expect(
      leaving.messages.filter((message) => message.includes(`停止超时（${shutdownTimeout} 毫秒）`)),
    ).toHaveLength(2);

    await gate.open();
    await scene.startLocal({ role: 'WORKER', electionOptions });
    await scene.untilCompleted(5);
    expect(await scene.journal.started('a')).toEqual([0, 0, 1, 2]);
    expect(await scene.journal.started('deaf')).toEqual([0, 0, 1]);
    expect((await scene.journal.of('a', 'started')).map(({ attempt }) => attempt)).toEqual([1, 2, 1, 1]);
  });

  it('begins no task that was on its way when it was asked for', async () => {
    const scene = await Scene.open();
    const proxy = await FaultProxy.start();
    await scene.startLocal({ role: 'SCHEDULER', electionOptions });
    const redisOptions = { url: proxy.url };
    const leaving = await scene.startLocal({ role: 'WORKER', electionOptions, redisOptions });
    await until('it has asked for a task in vain', () => proxy.seen.includes('takeTask'));
    const held = proxy.plan('hold-reply', 'takeTask');
    await scene.add('a', numbers(3));
    await held.happened;

    const stopped = leaving.workers.stop();
    await held.release();
    await stopped;
    expect(await scene.journal.entries()).toEqual([]);
    await scene.startLocal({ role: 'WORKER', electionOptions });
    await scene.untilCompleted(3);
    expect(await scene.journal.started('a')).toEqual([0, 1, 2]);
    await leaving.close();
    await proxy.close();
  });

  it('does not wait for handlers of workers that have lost their lease, nor for those that take their places', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    const proxy = await FaultProxy.start();
    await scene.startLocal({ role: 'SCHEDULER', electionOptions });
    const quick = { electionLockTtl: 20_000, heartbeatInterval: 50, heartbeatTimeout: 20_000 };
    const redisOptions = { url: proxy.url };
    const workerOptions = { shutdownTimeout: 20_000 };
    const leaving = await scene.startLocal({
      role: 'WORKER',
      electionOptions: quick,
      redisOptions,
      workerOptions,
    });
    await scene.add('a', [{ n: 0, hold: gate.hold, deaf: true }, 1]);
    await scene.untilStarted('a', 0);
    const joining = proxy.plan('hold-reply', 'registerWorker');
    await scene.redis.del(scene.keys.workerRegistry);
    await joining.happened;

    const askedAt = performance.now();
    const stopped = leaving.workers.stop();
    await joining.release();
    await stopped;
    expect(performance.now() - askedAt).toBeLessThan(1_000 + noiseMs);
    expect(await scene.workers()).toEqual([]);
    await gate.open();
    await scene.startLocal({ role: 'WORKER', electionOptions });
    await scene.untilCompleted(2);
    await leaving.close();
    await proxy.close();
  });

  it('can be asked for at any moment of a start', async () => {
    const scene = await Scene.open();
    const instance = await scene.startLocal({
      role: 'BOTH',
      electionOptions,
      workerOptions: { workerCount: 2 },
    });
    for (let i = 0; i < 5; i += 1) {
      const stopped = instance.workers.stop();
      const started = instance.workers.start();
      await Promise.all([stopped, started]);
    }
    expect(await scene.workers()).toHaveLength(2);
    await Promise.all([instance.workers.start(), instance.workers.stop(), instance.workers.stop()]);
    expect(await scene.workers()).toEqual([]);
  });
});

describe('a rolling restart under load', () => {
  it('runs every task once, in order, and never two of a tag at the same time', async () => {
    const scene = await Scene.open();
    const tags = numbers(6).map((i) => `tag-${i}`);
    const options = { workerOptions: { workerCount: 2, maxBatchSize: 5 }, electionOptions };
    const old = await Promise.all([scene.startChild(options), scene.startChild(options)]);
    let perTag = 0;
    let restarted = false;
    const feeding = (async () => {
      for (; !restarted; perTag += 10) {
        for (const tag of tags)
          await scene.add(
            tag,
            numbers(10, perTag).map((n) => ({ n, ms: 3 })),
          );
        // As fast as they run, and a few ahead.
        await until(
          'they are nearly done',
          async () => (await scene.producer.queue.getQueueStats()).waiting < 60,
        );
      }
    })();
    const hasRun = async (nodeId: string) =>
      (await scene.journal.entries()).some((entry) => entry.nodeId === nodeId);
    for (const instance of old) {
      await until('it is at work', () => hasRun(instance.nodeId));
      const [next] = await Promise.all([scene.startChild(options), instance.stop()]);
      await until('the new one is at work', () => hasRun(next.nodeId));
    }
    restarted = true;
    await feeding;
    await scene.untilCompleted(tags.length * perTag);
    for (const tag of tags) {
      expect(await scene.journal.started(tag)).toEqual(numbers(perTag));
      expect(await scene.journal.ended(tag)).toEqual(numbers(perTag));
    }
    expect(await scene.journal.overlaps()).toEqual([]);
    expect(await scene.said('recovered')).toBe(0);
  });
});

describe('a Redis that hangs', () => {
  it('holds the stop of an idle instance up for one commandTimeout, not for one per command', async () => {
    const scene = await Scene.open();
    const proxy = await FaultProxy.start();
    const commandTimeout = 1_500;
    const leaving = await scene.startLocal({
      workerOptions: { workerCount: 3 },
      redisOptions: { url: proxy.url, commandTimeout },
      electionOptions,
    });
    const subscription = leaving.queue.events$.subscribe();
    await until('it leads', () => leaving.election.isLeader());
    // What comes behind it waits too.
    const hang = proxy.plan('hold-reply', 'leaveWorker');
    const stoppedAt = performance.now();
    await leaving.close();
    expect(hang.hasHappened).toBe(true);
    expect(performance.now() - stoppedAt).toBeLessThan(commandTimeout + 1_000);
    expect(subscription.closed).toBe(true);
    // Redis has got everything.
    await until('nobody is registered', async () => (await scene.workers()).length === 0);
    await proxy.close();
  });
});
