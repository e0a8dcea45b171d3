import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.js';
import { clearStage, noiseMs, Scene } from './support/scene.js';

afterEach(clearStage);

/** Nothing that happens here within seconds is due to these. */
const electionOptions = { electionLockTtl: 120_000, heartbeatInterval: 20_000, heartbeatTimeout: 120_000 };
/** A second is what the documents promise, and what the campaign measures; the rest is for a machine that is busy with tests. */
const withinMs = 1_000 + noiseMs;

const startedAgain = (scene: Scene, n: number): Promise<unknown> =>
  until(`task ${n} has begun again`, async () => {
    const starts = await scene.journal.started('a');
    return starts.filter((one) => one === n).length === 2;
  });

describe('a process that died on a host where another instance lives', () => {
  it('has its tasks run elsewhere within 2.5 s, in their order', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    await scene.startLocal({ role: 'SCHEDULER', electionOptions });
    const doomed = await scene.startChild({ role: 'WORKER', electionOptions });
    await scene.add('a', [0, { n: 1, hold: gate.hold }, 2, 3]);
    await scene.untilStarted('a', 1);
    const other = await scene.startChild({ role: 'WORKER', electionOptions });

    const killedAt = performance.now();
    await doomed.kill();
    await gate.open();
    await startedAgain(scene, 1);
    expect(performance.now() - killedAt).toBeLessThan(withinMs);
    await scene.untilCompleted(4);
    expect(await scene.journal.started('a')).toEqual([0, 1, 1, 2, 3]);
    expect(await scene.said('recovered')).toBe(1);
    expect(await scene.workers()).toEqual([`${other.nodeId}-1`]);
  });

  it('and that led: leadership goes over within 2.5 s too', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    const doomed = await scene.startChild({
      role: 'BOTH',
      workerOptions: { workerCount: 3 },
      electionOptions,
    });
    await scene.untilLeader();
    await scene.add('a', [0, { n: 1, hold: gate.hold }, 2, 3]);
    await scene.untilStarted('a', 1);
    const other = await scene.startChild({ role: 'BOTH', electionOptions });
    const { epoch } = (await scene.producer.election.getLeader())!;

    const killedAt = performance.now();
    await doomed.kill();
    await gate.open();
    await scene.untilLeader(doomed.nodeId);
    await startedAgain(scene, 1);
    expect(performance.now() - killedAt).toBeLessThan(withinMs);
    await scene.untilCompleted(4);
    expect(await scene.journal.started('a')).toEqual([0, 1, 1, 2, 3]);
    expect((await scene.producer.election.getLeader())!.epoch).toBeGreaterThan(epoch);
    expect(await scene.workers()).toEqual([`${other.nodeId}-1`]);
    expect(other.messages.filter((message) => message.includes('已退出')).sort()).toEqual(
      [
        ...[1, 2, 3].map((n) => expect.stringContaining(`Worker ${doomed.nodeId}-${n} 的进程已退出`)),
        expect.stringMatching(/^本机进程 \d+ 已退出，已向领导者报告其 3 个 Worker$/),
        `领导者 ${doomed.nodeId} 的进程已退出，由其他节点接管`,
      ].sort((one, other) => String(one).localeCompare(String(other))),
    );
  });

  it('and that only scheduled: a follower that does not work leads within 2.5 s', async () => {
    const scene = await Scene.open();
    const doomed = await scene.startChild({ role: 'SCHEDULER', electionOptions });
    await scene.untilLeader();
    const follower = await scene.startChild({ role: 'SCHEDULER', electionOptions });
    await until('it follows', () => follower.messages.some((message) => message.includes('待命')));
    const killedAt = performance.now();
    await doomed.kill();
    expect(await scene.untilLeader(doomed.nodeId)).toBe(follower.nodeId);
    expect(performance.now() - killedAt).toBeLessThan(withinMs);
  });

  it('is reported by a worker, and a follower elsewhere takes over', async () => {
    const scene = await Scene.open();
    const doomed = await scene.startChild({ role: 'SCHEDULER', electionOptions });
    await scene.untilLeader();
    const elsewhere = await scene.startLocal({
      role: 'SCHEDULER',
      electionOptions: { ...electionOptions, watchLocalProcesses: false },
    });
    const worker = await scene.startChild({ role: 'WORKER', electionOptions });
    const beats = (): Promise<string | null> => scene.redis.hget(scene.keys.beats, `${worker.nodeId}-1`);
    await until('the worker has heard of the leader', async () => Number(await beats()) > 0);
    await doomed.kill();
    expect(await scene.untilLeader(doomed.nodeId)).toBe(elsewhere.election.nodeId);
    await until('the worker says so', () =>
      worker.messages.includes(`领导者 ${doomed.nodeId} 的进程已退出，由其他节点接管`),
    );
  });

  it('together with others that would have reported it: all are recovered within 2.5 s', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    const doomed = await Promise.all([
      scene.startChild({ role: 'BOTH', electionOptions }),
      scene.startChild({ role: 'BOTH', electionOptions }),
      scene.startChild({ role: 'WORKER', electionOptions }),
    ]);
    await scene.untilLeader();
    const gated = { n: 0, hold: gate.hold };
    for (const tag of ['a', 'b', 'c']) await scene.add(tag, [gated, 1]);
    for (const tag of ['a', 'b', 'c']) await scene.untilStarted(tag, 0);
    const survivor = await scene.startLocal({ role: 'BOTH', electionOptions });
    const killedAt = performance.now();
    await Promise.all(doomed.map((child) => child.kill()));
    await gate.open();
    await until('all three are recovered', async () => (await scene.said('recovered')) === 3);
    expect(performance.now() - killedAt).toBeLessThan(withinMs);
    await scene.untilCompleted(6);
    for (const tag of ['a', 'b', 'c']) expect(await scene.journal.started(tag)).toEqual([0, 0, 1]);
    expect(await scene.leader()).toBe(survivor.election.nodeId);
  });

  it('before the other one had started: that one asks, hears nothing, and recovers it within 2.5 s', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    const doomed = await scene.startChild({ role: 'BOTH', electionOptions });
    await scene.untilLeader();
    await scene.add('a', [{ n: 0, hold: gate.hold }, 1]);
    await scene.untilStarted('a', 0);
    await doomed.kill();
    await gate.open();
    const next = await scene.startLocal({ role: 'BOTH', electionOptions });
    const startedAt = performance.now();
    await scene.untilCompleted(2);
    expect(performance.now() - startedAt).toBeLessThan(withinMs);
    expect(await scene.journal.started('a')).toEqual([0, 0, 1]);
    expect(await scene.leader()).toBe(next.election.nodeId);
  });
});

describe('a process that lives on a host where another instance lives', () => {
  it('is left alone while it is frozen, although its neighbour watches', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    await scene.startLocal({ role: 'SCHEDULER', electionOptions });
    const frozen = await scene.startChild({ role: 'WORKER', electionOptions });
    await scene.add('a', [{ n: 0, hold: gate.hold }, 1]);
    await scene.untilStarted('a', 0);
    const doomed = await scene.startChild({ role: 'WORKER', electionOptions });
    frozen.freeze();
    // Whoever sees that this one is dead has looked at the frozen one too.
    await doomed.kill();
    await until('the dead one is recovered', async () => (await scene.said('recovered')) === 1);
    expect(await scene.workers()).toEqual([`${frozen.nodeId}-1`]);
    await gate.open();
    frozen.thaw();
    await scene.untilCompleted(2);
    expect(await scene.journal.started('a')).toEqual([0, 1]);
    expect(await scene.said('recovered')).toBe(1);
  });

  it('is left alone when its id was another process’s before', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    const leader = await scene.startLocal({ role: 'SCHEDULER', electionOptions });
    const child = await scene.startChild({ role: 'WORKER', electionOptions });
    await scene.add('a', [{ n: 0, hold: gate.hold }, 1]);
    await scene.untilStarted('a', 0);
    // As if a worker of an earlier process of that id had not been recovered.
    const [host = '', own = ''] = await scene.redis.hmget(
      scene.keys.workerMeta(`${child.nodeId}-1`), 'host', 'process',
    ); // prettier-ignore
    const [pid] = own!.split(':');
    const earlier = `${pid}:1`;
    await scene.redis.hset(scene.keys.workerMeta('earlier'), {
      queue: scene.keys.base, node: 'gone', host: host!, process: earlier, lease: 120_000,
    }); // prettier-ignore
    await scene.redis.hset(scene.keys.workerRegistry, 'earlier', '{}');
    await scene.redis.hset(scene.keys.processesOf(host!), 'earlier', earlier);
    await scene.redis.hset(scene.keys.beats, 'earlier', 0);
    await until('the earlier one is recovered', async () => (await scene.said('recovered')) === 1);
    expect(await scene.said('recovered', { workerId: 'earlier' })).toBe(1);
    await gate.open();
    await scene.untilCompleted(2);
    expect(await scene.workers()).toEqual([`${child.nodeId}-1`]);
    expect(await scene.journal.started('a')).toEqual([0, 1]);
    await leader.close();
  });

  it('is left alone where its processes are not ours: it answers', async () => {
    const scene = await Scene.open();
    const gate = scene.gate();
    await scene.startLocal({ role: 'SCHEDULER', electionOptions });
    const child = await scene.startChild({ role: 'WORKER', electionOptions });
    await scene.add('a', [{ n: 0, hold: gate.hold }, 1]);
    await scene.untilStarted('a', 0);
    // As on two clones of one machine: what it says of itself is not true here.
    const worker = `${child.nodeId}-1`;
    const host = (await scene.redis.hget(scene.keys.workerMeta(worker), 'host'))!;
    const elsewhere = '4194305:1';
    await scene.redis.hset(scene.keys.workerMeta(worker), 'process', elsewhere);
    await scene.redis.hset(scene.keys.processesOf(host), worker, elsewhere);
    await scene.startLocal({ role: 'SCHEDULER', electionOptions });
    const asked = async (): Promise<number> =>
      Number.parseInt((await scene.redis.hget(scene.keys.workerMeta(worker), 'suspect')) ?? '-1', 10);
    const first = await until('it was asked', async () =>
      (await asked()) >= 0 ? [await asked()] : undefined,
    );
    await until(
      'it has answered',
      async () => Number(await scene.redis.hget(scene.keys.beats, worker)) > first[0]!,
    );
    await until('it was asked again', async () => (await asked()) > first[0]!);
    await gate.open();
    await scene.untilCompleted(2);
    expect(await scene.said('recovered')).toBe(0);
    expect(await scene.workers()).toEqual([worker]);
  });

  it('does not say who it is when it does not want to be watched', async () => {
    const scene = await Scene.open();
    const unwatched = { ...electionOptions, watchLocalProcesses: false };
    const instance = await scene.startLocal({ role: 'BOTH', electionOptions: unwatched });
    await scene.untilLeader();
    const meta = await scene.redis.hgetall(scene.keys.workerMeta(`${instance.election.nodeId}-1`));
    expect(meta).not.toHaveProperty('process');
    expect(meta).not.toHaveProperty('host');
    expect(await scene.redis.hexists(scene.keys.control, 'leader')).toBe(0);
    expect(await scene.redis.keys(scene.keys.processesOf('*'))).toEqual([]);
  });
});
