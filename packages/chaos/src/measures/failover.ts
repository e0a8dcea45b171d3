import { Circumstances, type Leases, type RecordOf } from 'nestjs-affinity-queue/history';
import { nameOfAttempt, type Ended } from '../history/ended.js';
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

/** How long after a failure nothing else may happen, or it is not timed. A time that is far beyond its bar is still one. */
export const timedForMs = 2.5 * leaseMs;
const after = timedForMs * 1_000;

/** @param leases - see {@link Circumstances.of} */
export function failoverTimes(
  timeline: Timeline,
  ended: Pick<Ended, 'attempts'>,
  leases?: Leases,
): FailoverTimes {
  const times: FailoverTimes = {
    leaderCrash: [],
    resignation: [],
    workerCrash: [],
    leaderAndWorkerCrash: [],
  };
  const circumstances = Circumstances.of(timeline.records, { leases });
  for (const kill of timeline.of('fault').filter(({ kind }) => kind === 'kill')) {
    if (!isSingle(circumstances, kill.at, kill.target, [kill])) continue;
    const epoch = ledEpoch(timeline, kill);
    if (epoch !== undefined) times.leaderCrash.push(...nextDispatch(timeline, kill));
    // Where nobody is left to run it, it waits for somebody who starts.
    if (circumstances.workers(kill.at, kill.at + after, kill.target).length === 0) continue;
    const elsewhere = runsElsewhere(timeline, kill, ended);
    (epoch === undefined ? times.workerCrash : times.leaderAndWorkerCrash).push(...elsewhere);
  }
  const gained = timeline.of('leadership.gained');
  for (const lost of timeline.of('leadership.lost').filter(({ reason }) => reason === 'resigned')) {
    const own = timeline
      .of('fault')
      .filter(({ kind, target }) => kind === 'terminate' && target === lost.process);
    if (!isSingle(circumstances, lost.at, lost.process, own)) continue;
    // The next one may have heard of it before the one that resigned did.
    const next = gained.find(({ epoch }) => Number(epoch) > Number(lost.epoch));
    if (next !== undefined) times.resignation.push(Math.max(0, next.at - lost.at) / 1_000);
  }
  return times;
}

/** Whether somebody was there to take over, and nothing else that was done to anybody was felt: as the checker has it (I8). */
function isSingle(
  circumstances: Circumstances,
  from: number,
  target: string,
  own: readonly RecordOf<'fault'>[],
): boolean {
  const until = from + after;
  return (
    circumstances.candidates(from, until, target).length > 0 &&
    circumstances.faultsFeltBetween(from, until).every((fault) => own.includes(fault))
  );
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

/**
 * The attempt after the one that was killed. A later one says nothing: that one was taken back before it ran, and somebody gave
 * the task new attempts. Nor does the first attempt of a task that was added again under its id, nor one whose end Redis had
 * accepted.
 */
function runsElsewhere(
  timeline: Timeline,
  kill: RecordOf<'fault'>,
  ended: Pick<Ended, 'attempts'>,
): number[] {
  const running = new Map<string, RecordOf<'task.started'>>();
  for (const record of timeline.records) {
    if (record.at > kill.at) break;
    if (record.process !== kill.target) continue;
    if (record.type === 'task.started') running.set(record.worker, record);
    if (record.type === 'task.ended') running.delete(record.worker);
  }
  const killed = [...running.values()].filter(
    ({ task, attempt }) => !ended.attempts.has(nameOfAttempt(task, attempt)),
  );
  const attempts = new Map(killed.map(({ task, attempt }) => [task, attempt]));
  const times: number[] = [];
  for (const { at, task, process, attempt } of timeline.of('task.started')) {
    const before = attempts.get(task);
    if (at <= kill.at || process === kill.target || before === undefined) continue;
    attempts.delete(task);
    if (attempt === before + 1) times.push((at - kill.at) / 1_000);
  }
  return times;
}
