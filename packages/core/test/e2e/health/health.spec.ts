import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { QueueHealthService, type QueueHealth, type QueueHealthOptions } from '../../../src/health/index.js';
import { resolveHealthOptions } from '../../../src/health/resolve-health-options.js';
import { AffinityInstance } from '../../../src/module/affinity-instance.js';
import { startInstance, type TestInstance } from '../../support/app.js';
import { uniqueName } from '../../support/redis.js';
import { startStage, task } from '../../support/stage.js';
import { until } from '../../support/until.js';
import { OwnRedis } from '../faults/support/own-redis.js';
import { clearStage, noiseMs, quickLeases, Scene } from '../faults/support/scene.js';

let own: OwnRedis;
beforeAll(async () => {
  own = await OwnRedis.start();
});
afterEach(clearStage);
afterAll(() => own.close());

function healthOf({ app }: Pick<TestInstance, 'app'>, options: QueueHealthOptions = {}) {
  const service = new QueueHealthService(
    app.get(AffinityInstance),
    resolveHealthOptions({ timeout: 200, takeoverGrace: 100, ...options }),
  );
  return {
    service,
    check: async (checks?: Parameters<QueueHealthService['check']>[0]): Promise<QueueHealth> =>
      Object.values((await service.check(checks)).queues)[0]!,
  };
}

async function flips(
  check: () => Promise<QueueHealth>,
  status: QueueHealth['status'],
  withinMs: number,
): Promise<QueueHealth> {
  const from = performance.now();
  const found = await until(
    `the health is ${status}`,
    async () => {
      const health = await check();
      return health.status === status ? health : undefined;
    },
    { timeoutMs: withinMs + noiseMs + 2_000 },
  );
  expect(performance.now() - from).toBeLessThan(withinMs + noiseMs);
  return found;
}

const { heartbeatTimeout } = quickLeases;

describe('health', () => {
  it('of an instance that leads and works: up, with who leads since when', async () => {
    const stage = await startStage({ workerOptions: { workerCount: 2 } });
    const { service, check } = healthOf(stage);
    const health = await flips(check, 'up', heartbeatTimeout);
    expect(health).toMatchObject({
      queue: `${stage.name}-pending`,
      nodeId: stage.election.nodeId,
      role: 'BOTH',
      problems: [],
      redis: { status: 'up' },
      leader: { nodeId: stage.election.nodeId, isSelf: true },
      workers: { expected: 2, ready: 2 },
      oldestWaitingTag: null,
    });
    expect(health.leader!.ageMs).toBeLessThan(10_000);
    expect(await service.check()).toMatchObject({
      status: 'up',
      queues: { [`${stage.name}-pending`]: { status: 'up' } },
    });
  });

  it('without a leader: down, and up when there is one again', async () => {
    const name = uniqueName();
    const producer = await startInstance({ name, role: 'PRODUCER' });
    const { check } = healthOf(producer);
    expect(await check()).toMatchObject({ status: 'down', problems: ['no-leader'], leader: null });
    // What decides is up to the caller: a missing leader is no reason to restart a process.
    expect(await check(['redis', 'workers'])).toMatchObject({ status: 'up', problems: ['no-leader'] });
    const scheduler = await startInstance({ name, role: 'SCHEDULER' });
    const { leader } = await flips(check, 'up', heartbeatTimeout);
    expect(leader).toMatchObject({ nodeId: scheduler.election.nodeId, isSelf: false });
    await scheduler.close();
    await flips(check, 'down', heartbeatTimeout);
  });

  it('stays up while one leader resigns to another', async () => {
    const name = uniqueName();
    const instances = await Promise.all([startInstance({ name }), startInstance({ name })]);
    const { check } = healthOf(instances[0], { takeoverGrace: 2_000 });
    await flips(check, 'up', heartbeatTimeout);
    for (let i = 0; i < 4; i += 1) {
      const leader = await until('one leads', () => instances.find(({ election }) => election.isLeader()));
      const [health] = await Promise.all([check(), leader.election.resign()]);
      expect(health).toMatchObject({ status: 'up', problems: [] });
    }
  });

  it('with a leader that shows no life, whatever its lock says', async () => {
    const scene = await Scene.open();
    const child = await scene.startChild({ role: 'SCHEDULER' });
    await scene.untilLeader();
    const other = await startInstance({ name: scene.name, role: 'PRODUCER', electionOptions: quickLeases });
    const { check } = healthOf(other);
    await flips(check, 'up', heartbeatTimeout);
    child.freeze();
    await scene.redis.persist(scene.keys.electionLock);
    const health = await flips(check, 'down', heartbeatTimeout);
    expect(health.problems).toEqual(['leader-silent']);
    expect(health.leader!.silentForMs).toBeGreaterThanOrEqual(heartbeatTimeout * 0.9);
    child.thaw();
    await flips(check, 'up', heartbeatTimeout + 2_000);
  });

  it('with Redis stopped: down at once, without leases later, and up by itself when it is back', async () => {
    const scene = await Scene.open(own.url);
    const instance = await scene.startLocal();
    const { check } = healthOf(instance);
    await flips(check, 'up', heartbeatTimeout);
    await own.stop();
    const health = await flips(check, 'down', heartbeatTimeout);
    expect(health).toMatchObject({ redis: { status: 'down' }, leader: null, oldestWaitingTag: null });
    expect(health.problems).toContain('redis-unreachable');
    await until('no worker may run tasks', async () =>
      (await check()).problems.includes('worker-lease-lost'),
    );
    expect(await check()).toMatchObject({ status: 'down', workers: { expected: 1, ready: 0 } });
    // A probe that restarts processes must not restart all of them because Redis is away.
    expect(await check(['workers'])).toMatchObject({
      status: 'up',
      problems: expect.arrayContaining(['worker-lease-lost']),
    });
    await own.startAgain();
    expect(await flips(check, 'up', heartbeatTimeout + 3_000)).toMatchObject({ problems: [] });
  });

  it('with Redis frozen: down within its time-out, and up by itself when it thaws', async () => {
    const scene = await Scene.open(own.url);
    const instance = await scene.startLocal({ role: 'SCHEDULER' });
    const { check } = healthOf(instance);
    await flips(check, 'up', heartbeatTimeout);
    own.freeze();
    try {
      const from = performance.now();
      const health = await check();
      expect(health).toMatchObject({ status: 'down', redis: { error: expect.stringContaining('TIMEOUT') } });
      expect(performance.now() - from).toBeLessThan(200 + noiseMs);
    } finally {
      own.thaw();
    }
    await flips(check, 'up', heartbeatTimeout + 3_000);
  });

  it('with a tag that waits for longer than it may', async () => {
    const stage = await startStage();
    const { check } = healthOf(stage, { maxTagWait: 150 });
    await stage.hold('busy');
    const later = await stage.queue.add(task('later'), { delay: 100 });
    await stage.queue.add(task('t'));
    const { problems, oldestWaitingTag } = await flips(check, 'down', heartbeatTimeout);
    expect(problems).toEqual(['tag-waits-too-long']);
    expect(oldestWaitingTag).toMatchObject({ identifyTag: 't', waitingMs: expect.any(Number) });
    expect(oldestWaitingTag!.waitingMs).toBeGreaterThan(150);
    stage.open();
    await stage.queue.waitUntilFinished(later, 5_000);
    await flips(check, 'up', heartbeatTimeout);
  });

  it('knows the longest tag that a valid task can have', async () => {
    const stage = await startStage({ queueOptions: { maxPayloadBytes: 10 } });
    const { check } = healthOf(stage);
    const identifyTag = '\u0001'.repeat(512);
    await stage.hold('busy');
    stage.scheduler.stop();
    await stage.queue.add(task(identifyTag));
    expect((await check()).oldestWaitingTag).toMatchObject({ identifyTag });
    stage.open();
  });

  it('counts the wait of a delayed task from when it was due, and that of one not taken in', async () => {
    const stage = await startStage();
    const { check } = healthOf(stage);
    await stage.hold('busy');
    const job = await stage.queue.add(task('later'), { delay: 300 });
    const { oldestWaitingTag } = await until('it waits', async () => {
      const health = await check();
      return health.oldestWaitingTag === null ? undefined : health;
    });
    expect(oldestWaitingTag!.identifyTag).toBe('later');
    expect(oldestWaitingTag!.waitingMs).toBeLessThan(Date.now() - job.timestamp - 299);
    stage.scheduler.stop();
    await stage.queue.remove(job.id!);
    await stage.queue.queue.add('note', { identifyTag: 'added', type: 'note', payload: 'go' });
    expect((await check()).oldestWaitingTag?.identifyTag).toBe('added');
    stage.open();
  });
});
