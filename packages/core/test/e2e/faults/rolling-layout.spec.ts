import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { QueueModuleOptions } from '../../../src/index.js';
import { layoutVersion } from '../../../src/redis/queue-keys.js';
import { until } from '../../support/until.js';
import { libraryOfLayout, libraryWithLess } from './support/library-build.js';
import { clearStage, numbers, quickLeases, Scene } from './support/scene.js';

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

describe('a rolling deploy of a version with the same layout', () => {
  it('runs side by side with one that knows less, takes over from it, and gives back to it: nothing lost, all in order', async () => {
    const scene = await Scene.open();
    const fields = (nodeId: string) => scene.redis.hkeys(scene.keys.workerMeta(`${nodeId}-1`));
    const options = { ...old, electionOptions: quickLeases };
    const earlier = [await scene.startChild(options, withLess), await scene.startChild(options, withLess)];
    await scene.untilLeader();
    const gate = scene.gate();
    await scene.add('a', [{ n: 0, hold: gate.hold }, ...numbers(9, 1)]);
    for (const tag of ['b', 'c']) await scene.add(tag, numbers(10));
    await scene.untilStarted('a', 0);
    const later = await scene.startChild(options);
    expect(await fields(earlier[0]!.nodeId)).not.toContain('process');
    expect(await fields(later.nodeId)).toContain('process');
    await gate.open();
    await scene.untilCompleted(30);
    // One of before stops, the other one is killed: who stays has both.
    for (const tag of tags) await scene.add(tag, numbers(10, 10));
    await earlier[0]!.stop();
    await earlier[1]!.kill();
    await scene.untilCompleted(60);
    await until('the later one alone is there', async () =>
      isDeepStrictEqual(await scene.workers(), [`${later.nodeId}-1`]),
    );
    expect(await scene.untilLeader(earlier[1]!.nodeId)).toBe(later.nodeId);
    // And back.
    const back = await scene.startChild(options, withLess);
    for (const tag of tags) await scene.add(tag, numbers(10, 20));
    await later.kill();
    await scene.untilCompleted(90);
    expect(await scene.untilLeader(later.nodeId)).toBe(back.nodeId);
    for (const tag of tags) expect([...new Set(await scene.journal.started(tag))]).toEqual(numbers(30));
    expect(await scene.journal.overlaps()).toEqual([]);
  }, 60_000);
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
