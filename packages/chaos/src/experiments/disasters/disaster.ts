import type { FaultKind, RecordOf } from 'nestjs-affinity-queue/history';
import { commitsToCount } from '../../faults/fault-log.js';
import type { Timeline } from '../../history/timeline.js';
import type { SeededRandom } from '../../random/seeded-random.js';
import type { Cluster } from '../../stage/cluster.js';
import type { WorkloadName } from '../../workload/workloads.js';
import type { Play } from '../episode.js';

const instances = 3;

/** Instances that add and run tasks. */
export async function populate(
  cluster: Cluster,
  random: SeededRandom,
  workload: WorkloadName,
): Promise<void> {
  const production = () =>
    ({ seed: random.int(1, 2 ** 30), workload, callsPerSecond: 40 / instances }) as const;
  await Promise.all(Array.from({ length: instances }, () => cluster.add('BOTH', production())));
  cluster.produce(true);
  await cluster.commits(commitsToCount);
}

/** Notes in the history that something happens to Redis. */
export function note(cluster: Cluster, kind: FaultKind, detail: string, durationMs = 0): void {
  cluster.recorder.record('fault', { kind, target: 'redis', durationMs, detail });
}

/**
 * The same of a fault that is over. Whatever somebody writes down until then may come from before it: an answer that was on its
 * way, a handler that begins.
 */
export function noteOver(cluster: Cluster, kind: FaultKind, detail: string, begunAt: number): void {
  const durationMs = performance.now() - begunAt;
  cluster.recorder.record('fault', { kind, target: 'redis', durationMs, agoMs: durationMs, detail });
}

/** Waits until the system goes on after a fault, and writes down what became of it. */
export async function goesOn(
  cluster: Cluster,
  play: Play,
  kind: string,
  hit: boolean,
  before: number,
  target = 'redis',
): Promise<void> {
  await cluster.commits(2 * commitsToCount, undefined, 30_000).catch((error: unknown) => {
    play.problem(`${kind}: the system does not go on: ${String(error)}`);
  });
  play.log({ kind, detail: kind, target, hit, commitsAfter: cluster.witness.commits - before });
}

/** I5, also where Redis went back: whoever leads later has the higher epoch. (One that lost the reply hears its own again.) */
export function fallingEpochs(timeline: Timeline): string[] {
  const gained = timeline.of('leadership.gained');
  return gained.flatMap(({ epoch, node }, index) => {
    const before = gained[index - 1];
    return before === undefined ||
      Number(epoch) > Number(before.epoch) ||
      (epoch === before.epoch && node === before.node)
      ? []
      : [`${node} leads by epoch ${epoch} after epoch ${before.epoch}`];
  });
}

/** Of each acknowledged task that is nowhere any more although it never ended: which loss of data came next, and how much later, ms. */
export function lostTasks(
  timeline: Timeline,
  ended: ReadonlySet<string>,
  isLoss: (fault: RecordOf<'fault'>) => boolean,
): { readonly loss: number; readonly ageMs: number }[] {
  const losses = timeline.of('fault').filter(isLoss);
  const unknown = new Set(
    timeline
      .of('task.seen')
      .flatMap(({ task, state }) => (state === 'unknown' && !ended.has(task) ? [task] : [])),
  );
  return timeline.of('add.acknowledged').flatMap(({ task, at }) => {
    const loss = losses.findIndex((fault) => fault.at >= at);
    return unknown.has(task) && loss >= 0 ? [{ loss, ageMs: (losses[loss]!.at - at) / 1_000 }] : [];
  });
}

/** How many acknowledged tasks each loss of data cost. */
export function lostPerLoss(
  timeline: Timeline,
  ended: ReadonlySet<string>,
  isLoss: (fault: RecordOf<'fault'>) => boolean,
): number[] {
  const counts = timeline
    .of('fault')
    .filter(isLoss)
    .map(() => 0);
  for (const { loss } of lostTasks(timeline, ended, isLoss)) counts[loss]! += 1;
  return counts;
}
