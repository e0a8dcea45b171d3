import type { RecordOf } from 'nestjs-affinity-queue/history';
import type { Timeline } from '../history/timeline.js';
import { stoodStill } from '../instance/stall-watch.js';
import { leaseMs } from '../stage/lease.js';

/** What a fault does goes on: a lease runs out, the connections come back, and who is afresh begins to work. */
const settlesMs = 2.5 * leaseMs;

/** How often a handler began a task once more without a failed attempt as the reason, by what had happened to the one before. */
export function duplicatesByCause(timeline: Timeline): Record<string, number> {
  const faults = timeline.of('fault');
  // Of what was retried and the answer was lost, the outcome was accepted all the same, or the attempt goes on and is
  // committed again. What was completed and starts again was added once more under its id.
  const committed = new Set([
    ...timeline.of('outcome.committed').map(run),
    ...lostRetries(timeline).map(run),
  ]);
  const last = new Map<string, RecordOf<'task.started'>>();
  const causes: Record<string, number> = {};
  for (const start of timeline.of('task.started')) {
    const earlier = last.get(start.task);
    last.set(start.task, start);
    if (earlier === undefined || committed.has(run(earlier))) continue;
    const cause = causeOf(earlier, start, faults);
    causes[cause] = (causes[cause] ?? 0) + 1;
  }
  return causes;
}

function lostRetries(timeline: Timeline): RecordOf<'outcome.unknown'>[] {
  return timeline
    .of('outcome.unknown')
    .filter(({ outcome }) => outcome === 'retried' || outcome === 'delayed');
}

/** An attempt, of tasks that may have had the same id one after the other. */
function run({
  task,
  attempt,
  token,
}: {
  task: string;
  attempt: number;
  token?: number | undefined;
}): string {
  return `${task} ${attempt} ${token ?? ''}`;
}

/** The latest that was done to the process of the earlier start, or to Redis, while it held the task. */
function causeOf(
  earlier: RecordOf<'task.started'>,
  later: RecordOf<'task.started'>,
  faults: readonly RecordOf<'fault'>[],
): string {
  const possible = faults.filter((fault) => {
    const begin = fault.at - (fault.agoMs ?? 0) * 1_000;
    const end = begin + ((fault.durationMs ?? 0) + settlesMs) * 1_000;
    return (
      [earlier.process, 'redis'].includes(fault.target) &&
      begin <= later.at &&
      (end >= earlier.at || isForGood(fault))
    );
  });
  // A process that is frozen notices it too; only one that stood still by itself shows a busy machine.
  const injected = possible.filter(({ detail }) => detail !== stoodStill);
  const own = injected.filter(({ target }) => target === earlier.process);
  const cause = own.find(isForGood) ?? own.at(-1) ?? injected.at(-1);
  if (cause !== undefined) return cause.kind;
  return possible.length > 0 ? 'the machine was busy' : 'unknown';
}

function isForGood({ kind }: RecordOf<'fault'>): boolean {
  return kind === 'kill' || kind === 'terminate';
}
