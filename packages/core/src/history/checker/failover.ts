import type { HistoryRecord, RecordOf } from '../records.js';
import type { WitnessEntry } from '../witness.js';
import { crashSlackMs, recoverySlackMs } from './aftermath.js';
import type { Check, CheckContext } from './check.js';
import { Circumstances } from './circumstances.js';
import { compareEpochs } from './epochs.js';
import type { Placed } from './merge-histories.js';
import { noCommonClock, type PlacedFault } from './processes.js';
import type { Failovers } from './report.js';

interface Moment<R extends HistoryRecord> {
  readonly record: R;
  readonly time: number;
}

const resignationUs = 200_000;

/** Its process may have ended the task, and given the worker up, and not lived to write it down; a witness would tell. */
const mayHaveRetired = 'nobody recovered a worker, which may have retired: there is no witness stream';

/**
 * I8: how soon the next leader dispatches after the crash of one, how soon it leads after a resignation, and how soon the tasks
 * of a dead worker are given back. The bounds are for single failures: one with another one close to it decides nothing.
 */
export class Failover implements Check {
  readonly #gained: Moment<RecordOf<'leadership.gained'>>[] = [];
  readonly #dispatched: Moment<RecordOf<'leader.acted'>>[] = [];
  readonly #resigned: Moment<RecordOf<'leadership.lost'>>[] = [];
  readonly #recovered: Moment<RecordOf<'worker.recovered'>>[] = [];
  /** Workers that had begun a task and not ended it, by process. */
  readonly #busy = new Map<string, Map<string, RecordOf<'task.started'>>>();
  readonly #busyAtKill = new Map<PlacedFault['record'], RecordOf<'task.started'>[]>();
  #inTime = 0;
  #late = 0;
  #excused = 0;
  /** Workers that gave back what they held, as the witness has it. */
  readonly #retired = new Set<string>();
  #lastTime = 0;

  constructor(private readonly context: CheckContext) {}

  get counts(): Failovers {
    return { inTime: this.#inTime, late: this.#late, excused: this.#excused };
  }

  see({ record, time }: Placed): void {
    this.#lastTime = time;
    if (record.type === 'leadership.gained') this.#gained.push({ record, time });
    if (record.type === 'leader.acted' && record.script === 'dispatch')
      this.#dispatched.push({ record, time });
    if (record.type === 'leadership.lost' && record.reason === 'resigned')
      this.#resigned.push({ record, time });
    if (record.type === 'worker.recovered') this.#recovered.push({ record, time });
    if (record.type === 'task.started') {
      const busy = this.#busy.get(record.process) ?? new Map<string, RecordOf<'task.started'>>();
      this.#busy.set(record.process, busy.set(record.worker, record));
    }
    if (record.type === 'task.ended') this.#busy.get(record.process)?.delete(record.worker);
    if (record.type === 'fault' && record.kind === 'kill')
      this.#busyAtKill.set(record, [...(this.#busy.get(record.target)?.values() ?? [])]);
  }

  seeEntry(entry: WitnessEntry): void {
    if (entry.witness === 'retired') this.#retired.add(entry.worker);
  }

  finish(): void {
    const { processes } = this.context;
    const { bounds } = processes;
    if (bounds === undefined) return;
    for (const fault of processes.faults) {
      if (fault.record.kind !== 'kill') continue;
      const lockUs = (bounds.lockTtlMs + crashSlackMs) * 1_000;
      const recoveryUs = (bounds.heartbeatTimeoutMs + recoverySlackMs) * 1_000;
      const led = this.#leaderAt(fault.from);
      const leads = led?.record.process === fault.record.target;
      if (leads) this.#judgeCrash(fault, led.record, lockUs);
      for (const start of this.#busyAtKill.get(fault.record) ?? [])
        this.#judgeRecovery(fault, start, leads ? lockUs + recoveryUs : recoveryUs);
    }
    for (const resignation of this.#resigned) this.#judgeResignation(resignation);
  }

  #leaderAt(time: number): Moment<RecordOf<'leadership.gained'>> | undefined {
    const latest = this.#gained.filter((gained) => gained.time <= time).at(-1);
    const resigned = this.#resigned.some(({ record }) => record.epoch === latest?.record.epoch);
    return resigned ? undefined : latest;
  }

  /** The first round of a term is recorded also if there is nothing to dispatch. */
  #judgeCrash(fault: PlacedFault, led: RecordOf<'leadership.gained'>, withinUs: number): void {
    const next = this.#dispatched.find(({ record }) => compareEpochs(record.epoch, led.epoch) > 0);
    const evidence = [led, fault.record, ...(next ? [next.record] : [])];
    if (!this.#isDecided(fault.from, withinUs, next?.time, fault.record.target, evidence)) return;
    this.#violate(`the next leader dispatched ${after(fault.from, next?.time)} after the crash`, evidence);
  }

  /** The next leader may have heard of it before the one that resigned did. */
  #judgeResignation({ record, time }: Moment<RecordOf<'leadership.lost'>>): void {
    const next = this.#gained.find((gained) => compareEpochs(gained.record.epoch, record.epoch) > 0);
    const evidence = [record, ...(next ? [next.record] : [])];
    if (!this.#isDecided(time, resignationUs, next?.time, record.process, evidence)) return;
    this.#violate(`the next leader led ${after(time, next?.time)} after the resignation`, evidence);
  }

  #judgeRecovery(fault: PlacedFault, start: RecordOf<'task.started'>, withinUs: number): void {
    // It had nothing any more, and its process did not live to write down that its task had ended.
    if (this.#retired.has(start.worker)) return;
    const recovery = this.#recovered.find(
      ({ record, time }) => record.worker === start.worker && time > fault.from,
    );
    const evidence = [start, fault.record, ...(recovery ? [recovery.record] : [])];
    const { from } = fault;
    const isLate = this.#isDecided(from, withinUs, recovery?.time, fault.record.target, evidence, () =>
      recovery === undefined && !this.context.hasWitness ? mayHaveRetired : undefined,
    );
    if (isLate)
      this.#violate(`${start.worker} was recovered ${after(from, recovery?.time)} after the crash`, evidence);
  }

  /** Whether what happened came too late, and nothing else can have been the reason. */
  #isDecided(
    from: number,
    withinUs: number,
    happened: number | undefined,
    process: string,
    evidence: HistoryRecord[],
    excuse: () => string | undefined = () => undefined,
  ): boolean {
    if (happened !== undefined && happened - from <= withinUs) {
      this.#inTime += 1;
      return false;
    }
    const reason =
      (happened ?? this.#lastTime) - from <= withinUs
        ? 'the history ends before the time is over'
        : (this.#reasonOf(from, from + withinUs, process, evidence) ?? excuse());
    if (reason === undefined) return true;
    this.#excused += 1;
    this.context.findings.undecided('I8', reason, evidence);
    return false;
  }

  /** Why nothing that comes late in a span is judged. */
  #reasonOf(from: number, until: number, process: string, evidence: HistoryRecord[]): string | undefined {
    const circumstances = new Circumstances(this.context.processes);
    if (circumstances.candidates(from, until, process).length === 0) return 'nobody was there to take over';
    // What was done to the process itself is what is judged, and so is a resignation by SIGTERM.
    const others = circumstances
      .faultsFeltBetween(from, until)
      .filter((fault) => !evidence.includes(fault) && !isOwnStop(fault, evidence));
    if (others.length > 0) return 'several faults came together';
    const told = evidence.filter(({ type }) => type !== 'fault');
    return this.context.processes.shareClock(...told) ? undefined : noCommonClock;
  }

  #violate(message: string, evidence: HistoryRecord[]): void {
    this.#late += 1;
    this.context.findings.violation('I8', message, evidence);
  }
}

/** The process that resigned was told to stop. */
function isOwnStop({ kind, target }: RecordOf<'fault'>, evidence: readonly HistoryRecord[]): boolean {
  return (
    kind === 'terminate' && evidence.some((one) => one.type === 'leadership.lost' && one.process === target)
  );
}

function after(from: number, happened: number | undefined): string {
  return happened === undefined ? 'never' : `${Math.round((happened - from) / 1_000)} ms`;
}
