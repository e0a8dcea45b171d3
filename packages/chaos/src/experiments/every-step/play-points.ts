import { commitsToCount } from '../../faults/fault-log.js';
import type { SeededRandom } from '../../random/seeded-random.js';
import type { Cluster } from '../../stage/cluster.js';
import type { InstanceProcess } from '../../stage/instance-process.js';
import { leaseMs } from '../../stage/lease.js';
import { DeadlineError, until } from '../../stage/until.js';
import type { Play } from '../episode.js';
import { ArmedPoints, type ArmedPoint } from './armed-points.js';
import { provocations, provocationsFor } from './provocations.js';
import { describePoint, parts, type Point } from './step.js';
import { Troupe } from './troupe.js';

/** What comes by itself comes soon. */
const unprovokedMs = 0.4 * leaseMs;
const provokedMs = 2.2 * leaseMs;
/** Processes may have to start, on a machine that does something else too. */
const goesOnWithinMs = 90_000;
const mostStops = 4;
/** How often points that were missed are tried again. */
const furtherTries = 2;

/** Kills processes at their points: those of each part one after the other, the parts side by side. */
export async function playPoints(
  cluster: Cluster,
  play: Play,
  {
    random,
    points,
    onPoint,
  }: { random: SeededRandom; points: readonly Point[]; onPoint: (text: string) => void },
): Promise<void> {
  const armed = new ArmedPoints((instance, detail) => troupe.kill(instance, detail));
  const troupe: Troupe = new Troupe(cluster, random, (instance) => {
    armed.watch(instance);
  });
  await troupe.begin();
  await cluster.commits(commitsToCount);

  let open = points;
  for (let tries = 0; tries <= furtherTries && open.length > 0; tries += 1) {
    const missed: Point[] = [];
    const lanes = parts.map(async (part) => {
      for (const point of open.filter((one) => one.part === part)) {
        onPoint(describePoint(point));
        const isLast = tries === furtherTries;
        const hit = await strike(cluster, play, { troupe, armed, point, isLast });
        // Rarely sent, it is met when it is.
        if (!hit) missed.push({ ...point, occurrence: 1 });
      }
    });
    await Promise.all(lanes);
    open = missed;
  }
  for (const point of open) play.missed(describePoint(point));
  await troupe.end();
}

/** @returns whether it hit */
async function strike(
  cluster: Cluster,
  play: Play,
  { troupe, armed, point, isLast }: { troupe: Troupe; armed: ArmedPoints; point: Point; isLast: boolean },
): Promise<boolean> {
  // Whoever is struck leaves somebody who goes on, however long others take to start.
  await troupe.working(point.part, 2);
  const before = cluster.witness.commits;
  const one = armed.arm(point);
  const victim = await provoke(cluster, troupe, one);
  armed.disarm(point);
  if (victim !== undefined) await troupe.refill(point.part);
  await cluster.commits(commitsToCount, undefined, goesOnWithinMs).catch(() => {
    play.problem(`${describePoint(point)}: fewer than ${commitsToCount} attempts ended after it`);
  });
  const hit = victim?.exit?.signal === 'SIGKILL';
  if (hit) play.reached(describePoint(point));
  if (hit || isLast)
    play.log({
      kind: `kill ${point.when} a command`,
      detail: `${describePoint(point)}${one.isUnderWay ? ', under way when it was told to stop' : ''}`,
      target: victim?.nodeId ?? '',
      hit,
      commitsAfter: cluster.witness.commits - before,
    });
  return hit;
}

/** Lets the instances do what they send the step for. @returns who was killed; nothing if it was not sent */
async function provoke(
  cluster: Cluster,
  troupe: Troupe,
  armed: ArmedPoint,
): Promise<InstanceProcess | undefined> {
  const { part, phase } = armed.point;
  if (phase === 'starting') {
    const instance = await troupe.spawn(part);
    await until(
      'it is struck, or has started',
      () => armed.struck !== undefined || instance.phase !== 'starting' || instance.hasExited,
      { timeoutMs: 120_000 },
    );
    if (armed.struck === undefined) await instance.stop();
    return armed.struck;
  }
  if (phase === 'stopping') {
    // One that has a task to finish, or the leadership to give up.
    for (let stops = 1; stops <= mostStops && armed.struck === undefined; stops += 1) {
      await troupe.working(part, 2);
      await troupe.find(part)?.stop();
      await troupe.refill(part);
      armed.settleForFirst();
    }
    if (armed.struck !== undefined) return armed.struck;
    // What was under way when it was told comes by luck, or like this.
    await troupe.working(part, 2);
    armed.meetUnderWay();
  }
  if (await isStruckWithin(armed, unprovokedMs)) return armed.struck;
  for (const way of provocationsFor(armed.point)) {
    await provocations[way]({ cluster, troupe, part });
    if (await isStruckWithin(armed, provokedMs)) return armed.struck;
    armed.settleForFirst();
  }
  return undefined;
}

function isStruckWithin(armed: ArmedPoint, timeoutMs: number): Promise<boolean> {
  return until('it is struck', () => armed.struck !== undefined, { timeoutMs }).catch((error: unknown) => {
    if (error instanceof DeadlineError) return false;
    throw error;
  });
}
