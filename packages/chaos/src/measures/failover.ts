import type { RecordOf } from 'nestjs-affinity-queue/history';
import type { Timeline } from '../history/timeline.js';
import { leaseMs } from '../stage/lease.js';

/** How long it took, ms, each time that a single failure was the reason. */
export interface FailoverTimes {
  /** The leader is killed → the next leader gives tasks to a worker. */
  readonly leaderCrash: number[];
  /** The leader resigned → the next one leads. */
  readonly resignation: number[];
  /** A process that does not lead is killed → a task that it ran runs elsewhere. */
  readonly workerCrash: number[];
  /** The same of a process that led. */
  readonly leaderAndWorkerCrash: number[];
}

const before = 1.5 * leaseMs * 1_000;
const after = 2.5 * leaseMs * 1_000;

export function failoverTimes(timeline: Timeline): FailoverTimes {
  const times: FailoverTimes = {
    leaderCrash: [],
    resignation: [],
    workerCrash: [],
    leaderAndWorkerCrash: [],
  };
  for (const kill of timeline.of('fault').filter(({ kind }) => kind === 'kill')) {
    if (!timeline.isSingle(kill.at - before, kill.at + after, new Set([kill]))) continue;
    const epoch = ledEpoch(timeline, kill);
    if (epoch !== undefined) times.leaderCrash.push(...nextDispatch(timeline, kill));
    const elsewhere = runsElsewhere(timeline, kill);
    (epoch === undefined ? times.workerCrash : times.leaderAndWorkerCrash).push(...elsewhere);
  }
  const gained = timeline.of('leadership.gained');
  for (const lost of timeline.of('leadership.lost').filter(({ reason }) => reason === 'resigned')) {
    const own = timeline
      .of('fault')
      .filter(({ kind, target }) => kind === 'terminate' && target === lost.process);
    if (!timeline.isSingle(lost.at - before, lost.at + after, new Set(own))) continue;
    // The next one may have heard of it before the one that resigned did.
    const next = gained.find(({ epoch }) => Number(epoch) > Number(lost.epoch));
    if (next !== undefined) times.resignation.push(Math.max(0, next.at - lost.at) / 1_000);
  }
  return times;
}

/** The epoch of the term that the killed process was in. */
function ledEpoch(timeline: Timeline, kill: RecordOf<'fault'>): string | undefined {
  const gained = timeline
    .of('leadership.gained')
    .filter(({ at }) => at < kill.at)
    .at(-1);
  if (gained?.process !== kill.target) return undefined;
  const isOver = timeline
    .of('leadership.lost')
    .some(({ epoch, at }) => epoch === gained.epoch && at < kill.at);
  return isOver ? undefined : gained.epoch;
}

/** Of a next leader that finds nothing to give, or nobody to give it to, the time says nothing. */
function nextDispatch(timeline: Timeline, kill: RecordOf<'fault'>): number[] {
  const next = timeline
    .of('leader.acted')
    .find(({ at, process, bound }) => at > kill.at && process !== kill.target && bound !== undefined);
  return next?.bound ? [(next.at - kill.at) / 1_000] : [];
}

function runsElsewhere(timeline: Timeline, kill: RecordOf<'fault'>): number[] {
  const running = new Map<string, string>();
  for (const record of timeline.records) {
    if (record.at > kill.at) break;
    if (record.process !== kill.target) continue;
    if (record.type === 'task.started') running.set(record.worker, record.task);
    if (record.type === 'task.ended') running.delete(record.worker);
  }
  const tasks = new Set(running.values());
  const times: number[] = [];
  for (const { at, task, process } of timeline.of('task.started')) {
    if (at <= kill.at || process === kill.target || !tasks.delete(task)) continue;
    times.push((at - kill.at) / 1_000);
  }
  return times;
}
