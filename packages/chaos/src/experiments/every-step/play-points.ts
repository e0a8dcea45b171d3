import { commitsToCount } from '../../faults/fault-log.js';
import type { SeededRandom } from '../../random/seeded-random.js';
import type { Cluster } from '../../stage/cluster.js';
import type { InstanceProcess } from '../../stage/instance-process.js';
import { leaseMs } from '../../stage/lease.js';
import { DeadlineError, until } from '../../stage/until.js';
import type { Play } from '../episode.js';
import { describePoint, partOf, type Point } from './step.js';
import { Troupe } from './troupe.js';

interface Armed {
  readonly point: Point;
  left: number;
  /** Who was killed there. */
  struck: Promise<InstanceProcess> | undefined;
}

/** Kills one process after the other, each at its point. */
export async function playPoints(
  cluster: Cluster,
  play: Play,
  {
    random,
    points,
    onPoint,
  }: { random: SeededRandom; points: readonly Point[]; onPoint: (text: string) => void },
): Promise<void> {
  let armed: Armed | undefined;
  const troupe: Troupe = new Troupe(cluster, random, (instance) => {
    const part = partOf(instance.setup.role);
    instance.proxy.watch = (name) => {
      if (armed === undefined || armed.struck !== undefined) return undefined;
      const { point } = armed;
      if (point.part !== part || point.phase !== instance.phase || point.name !== name) return undefined;
      armed.left -= 1;
      if (armed.left > 0) return undefined;
      const mine = armed;
      let strike!: () => void;
      mine.struck = new Promise<void>((resolve) => (strike = resolve))
        .then(() => troupe.kill(instance, describePoint(point)))
        .then(() => instance);
      return { when: point.when, strike };
    };
    return instance;
  });
  await troupe.begin();
  await cluster.commits(commitsToCount);
  for (const point of points) {
    onPoint(describePoint(point));
    const before = cluster.witness.commits;
    armed = { point, left: point.occurrence, struck: undefined };
    const victim = await provoke(cluster, troupe, armed);
    armed = undefined;
    if (victim !== undefined && point.phase === 'working') await troupe.spawn(point.part);
    await cluster.settled();
    await cluster.commits(commitsToCount).catch(() => {
      play.problem(
        `${describePoint(point)}: fewer than ${commitsToCount} attempts ended within 20 s after it`,
      );
    });
    play.log({
      kind: `kill ${point.when} a command`,
      detail: describePoint(point),
      target: victim?.nodeId ?? '',
      hit: victim?.exit?.signal === 'SIGKILL',
      commitsAfter: cluster.witness.commits - before,
    });
  }
}

/** Lets the instances do what they send the step for. @returns who was killed; nothing if it was not sent */
async function provoke(cluster: Cluster, troupe: Troupe, armed: Armed): Promise<InstanceProcess | undefined> {
  const { point } = armed;
  const { part, phase } = point;
  if (phase === 'starting') {
    const instance = await troupe.spawn(part);
    await until(
      'it is struck, or has started',
      () => armed.struck !== undefined || instance.phase !== 'starting' || instance.hasExited,
      {
        timeoutMs: 120_000,
      },
    );
    if (armed.struck === undefined) await instance.stop();
    return armed.struck;
  }
  if (phase === 'stopping') {
    // One that has a task to finish, or the leadership to give up.
    const instance = troupe.find(part);
    await instance?.stop();
    await troupe.spawn(part);
    return armed.struck;
  }
  const ways: (() => Promise<unknown>)[] = [
    async () => undefined,
    // Connections are made anew.
    async () => {
      for (const instance of troupe.all(part)) instance.proxy.cut();
    },
    // Somebody has to be recovered.
    async () => {
      await troupe.kill(troupe.find('worker'), 'so that it is recovered');
      await troupe.spawn('worker');
    },
    // Somebody has to take over.
    async () => troupe.find('scheduler')?.ask('resign', null),
    async () => {
      await troupe.kill(troupe.find('scheduler'), 'so that somebody takes over');
      await troupe.spawn('scheduler');
    },
    async () => cluster.redis.call('SCRIPT', 'FLUSH', 'SYNC'),
  ];
  for (const way of ways) {
    await way();
    const isStruck = await until('it is struck', () => armed.struck !== undefined, {
      timeoutMs: 2 * leaseMs,
    }).catch((error: unknown) => {
      if (error instanceof DeadlineError) return false;
      throw error;
    });
    if (isStruck) return armed.struck;
  }
  return undefined;
}
