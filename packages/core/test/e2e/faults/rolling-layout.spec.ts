import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { QueueModuleOptions } from '../../../src/index.js';
import { layoutVersion } from '../../../src/redis/queue-keys.js';
import { until } from '../../support/until.js';
import type { ChildInstance } from './support/child-instance.js';
import { libraryOfLayout, libraryWithLess } from './support/library-build.js';
import { clearStage, numbers, Scene } from './support/scene.js';

afterEach(clearStage);

const calm = { electionLockTtl: 20_000, heartbeatInterval: 200, heartbeatTimeout: 20_000 };
const nextLayout = String(Number(layoutVersion) + 1);
const tags = ['a', 'b', 'c'];

let next: string;
let withLess: string;
beforeAll(async () => {
  withLess = await libraryWithLess();
  next = await libraryOfLayout(nextLayout);
}, 120_000);

/** What the process says that is not let in. */
async function refusal(scene: Scene, options: QueueModuleOptions, entry?: string): Promise<string> {
  return scene.startChild({ electionOptions: calm, ...options }, entry).then(
    () => 'it has started',
    (error: unknown) => String(error),
  );
}

const old = { electionOptions: calm, workerOptions: { maxBatchSize: 4 } };

/** As on any host: a process that is gone is known by its leases, as older versions know it. */
const leases = { electionLockTtl: 1_500, heartbeatInterval: 150, heartbeatTimeout: 1_500 };
/** As many as there are processes while both versions run, each with one in hand. */
const handTags = [...tags, 'd'];

/** A round of tasks: ten of each tag, the first of which runs until the gate is open. */
async function addRound(scene: Scene, from: number, hold: string): Promise<void> {
  for (const tag of handTags) await scene.add(tag, [{ n: from, hold }, ...numbers(9, from + 1)]);
}

/**
 * With tasks in the hands of all, of two that go one stops and the other one is killed: the leader, if it is one of them.
 *
 * @param from - number of the first task of the round
 * @returns who was killed, and the tag that it had
 */
async function handOver(scene: Scene, going: readonly ChildInstance[], from: number) {
  const gate = scene.gate();
  await addRound(scene, from, gate.hold);
  const inHand = async () =>
    (await scene.journal.entries()).filter(({ what, n }) => what === 'started' && n === from);
  await until(
    'each has a task in hand',
    async () => new Set((await inHand()).map(({ nodeId }) => nodeId)).size === handTags.length,
  );
  const leader = await scene.leader();
  const doomed = going.find(({ nodeId }) => nodeId === leader) ?? going[0]!;
  const { identifyTag } = (await inHand()).find(({ nodeId }) => nodeId === doomed.nodeId)!;
  const retiring = going.find((one) => one !== doomed)!;
  const stopped = retiring.stop();
  await doomed.kill();
  await gate.open();
  await stopped;
  // What the one had in hand that stops, it has ended itself.
  const ended = (await scene.journal.entries()).filter(({ what, n }) => what === 'ended' && n === from);
  expect(ended.map(({ nodeId }) => nodeId)).toContain(retiring.nodeId);
  return { nodeId: doomed.nodeId, identifyTag };
}

describe('a rolling deploy of a version with the same layout', () => {
  it('runs side by side with one that knows less, takes over from it, and gives back to it: nothing lost, all in order', async () => {
    const scene = await Scene.open();
    const fields = (nodeId: string) => scene.redis.hkeys(scene.keys.workerMeta(`${nodeId}-1`));
    const options = { ...old, electionOptions: leases };
    const two = (entry?: string) =>
      Promise.all([scene.startChild(options, entry), scene.startChild(options, entry)]);
    const alone = (instances: readonly ChildInstance[]) =>
      until('the others alone are there', async () =>
        isDeepStrictEqual(await scene.workers(), instances.map(({ nodeId }) => `${nodeId}-1`).sort()),
      );
    const earlier = await two(withLess);
    await scene.untilLeader();
    const gate = scene.gate();
    await addRound(scene, 0, gate.hold);
    await scene.untilStarted('a', 0);
    const later = await two();
    expect(await fields(earlier[0].nodeId)).not.toContain('process');
    expect(await fields(later[0].nodeId)).toContain('process');
    await gate.open();
    await scene.untilCompleted(40);
    expect(await scene.journal.overlaps()).toEqual([]);
    const killed = [await handOver(scene, earlier, 10)];
    await scene.untilCompleted(80);
    await alone(later);
    expect(later.map(({ nodeId }) => nodeId)).toContain(await scene.leader());
    // And back.
    const back = await two(withLess);
    killed.push(await handOver(scene, later, 20));
    await scene.untilCompleted(120);
    await alone(back);
    expect(back.map(({ nodeId }) => nodeId)).toContain(await scene.leader());

    for (const tag of handTags) expect([...new Set(await scene.journal.started(tag))]).toEqual(numbers(30));
    for (const tag of handTags) expect(await scene.journal.ended(tag)).toEqual(numbers(30));
    expect(await scene.journal.overlaps(killed.map(({ nodeId }) => nodeId))).toEqual([]);
    // What was in hand at a kill has run again, elsewhere and for the first time of its attempts.
    for (const [i, { nodeId, identifyTag }] of killed.entries()) {
      const runs = (await scene.journal.of(identifyTag, 'started')).filter(({ n }) => n === 10 * (i + 1));
      expect(runs.map((run) => run.nodeId === nodeId)).toEqual([true, false]);
    }
  }, 90_000);
});

describe('a rolling deploy of a version with the next layout', () => {
  it('is refused, instance by instance; the old ones go on, nothing is lost, and after the documented steps it works', async () => {
    const scene = await Scene.open();
    const stamp = () => scene.redis.hget(`${scene.keys.base}aff:ctl`, 'layout');
    const [first, second] = await Promise.all([scene.startChild(old), scene.startChild(old)]);
    const gate = scene.gate();
    await scene.add('a', [{ n: 0, hold: gate.hold }, ...numbers(9, 1)]);
    for (const tag of ['b', 'c']) await scene.add(tag, numbers(10));
    await scene.untilStarted('a', 0);

    // The first of the new ones comes while all old ones run; the next in the place of one that has stopped.
    const advice =
      'an older nestjs-affinity-queue uses it: all its instances have to stop first; see docs/upgrading.md';
    const roles = ['BOTH', 'PRODUCER'] as const;
    for (const said of await Promise.all(roles.map((role) => refusal(scene, { role }, next)))) {
      expect(said).toContain(`IncompatibleLayoutError: Queue '${scene.name}-pending' has layout 1:`);
      expect(said).toContain("code: 'AFFINITY_INCOMPATIBLE_LAYOUT'");
      expect(said).toContain(advice);
    }
    await gate.open();
    await second.stop();
    expect(await refusal(scene, {}, next)).toContain(advice);
    await scene.untilCompleted(30);
    for (const tag of tags) {
      expect(await scene.journal.ended(tag)).toEqual(numbers(10));
      expect(await scene.journal.started(tag)).toEqual(numbers(10));
    }
    expect(await scene.journal.overlaps()).toEqual([]);
    expect(first.hasExited).toBe(false);
    expect(await stamp()).toBe(`${layoutVersion}:${scene.name}-worker`);

    // docs/upgrading.md: all stop, the stamp goes, the new ones start. What waits is theirs.
    await first.stop();
    for (const tag of tags) await scene.add(tag, numbers(5, 10));
    expect(await scene.workers()).toEqual([]);
    await scene.redis.hdel(`${scene.keys.base}aff:ctl`, 'layout');
    await scene.startChild(old, next);
    await scene.untilCompleted(45);
    for (const tag of tags) expect(await scene.journal.ended(tag)).toEqual(numbers(15));
    expect(await stamp()).toBe(`${nextLayout}:${scene.name}-worker`);

    // And nobody goes back by mistake.
    const late = await refusal(scene, {});
    expect(late).toContain("code: 'AFFINITY_INCOMPATIBLE_LAYOUT'");
    expect(late).toContain(
      'a newer nestjs-affinity-queue uses it: upgrade this instance; see docs/upgrading.md',
    );
    // Seven processes on a machine that may be busy.
  }, 60_000);
});
