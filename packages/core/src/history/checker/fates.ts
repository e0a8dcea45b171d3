import type { HistoryRecord, RecordOf } from '../records.js';
import type { WitnessEntry } from '../witness.js';
import type { Check, CheckContext } from './check.js';
import { endsTask } from './ends-task.js';
import { LastAttempts } from './last-attempts.js';
import type { Placed } from './merge-histories.js';
import { mayHaveCommitted, wentBack } from './processes.js';

interface Fate {
  acknowledged: RecordOf<'add.acknowledged'>[];
  /** Accepted outcomes that are final. */
  final: RecordOf<'outcome.committed'>[];
  lastStart: RecordOf<'task.started'> | undefined;
  seen: RecordOf<'task.seen'> | undefined;
  /** A handler has ended, so that the task may be over. */
  hasRun: boolean;
  /** It was added again: before any handler had ended, or after. */
  again: 'while it was there' | 'later' | undefined;
  /** Removed, purged, or given new attempts: it may end otherwise, or more than once. */
  isLoose: boolean;
  endedByWitness: boolean;
}

/**
 * I3, I4 and I9 by what every task came to: an acknowledged one ends, once; each attempt has one accepted outcome, which only
 * a handler that ran can have; and an id that is added again is the same task.
 */
export class Fates implements Check {
  readonly #fates = new Map<string, Fate>();
  readonly #calls = new Map<string, string>();
  readonly #tags = new Map<string, string>();
  readonly #purged = new Set<string>();
  readonly #starts = new Set<string>();
  readonly #outcomes = new Map<string, RecordOf<'outcome.committed'>>();
  readonly #last: LastAttempts;
  #drained: HistoryRecord | undefined;

  constructor(private readonly context: CheckContext) {
    this.#last = new LastAttempts(context.processes);
  }

  get taskCount(): number {
    return this.#fates.size;
  }

  see(placed: Placed): void {
    const { record } = placed;
    this.#last.see(placed);
    switch (record.type) {
      case 'add.invoked':
        this.#calls.set(`${record.process} ${record.call}`, record.tag);
        break;
      case 'add.acknowledged':
        this.#acknowledge(record);
        break;
      case 'task.started':
        this.#of(record.task).lastStart = record;
        this.#starts.add(attemptKey(record));
        break;
      case 'task.ended':
        this.#of(record.task).hasRun = true;
        break;
      case 'outcome.committed':
        this.#commit(record);
        break;
      case 'task.seen':
        this.#of(record.task).seen = record;
        break;
      case 'task.removed':
      case 'task.requeued':
        this.#of(record.task).isLoose = true;
        break;
      case 'tag.purged':
        this.#purged.add(record.tag);
        break;
      case 'drained':
      case 'keys.left':
        this.#drained = record;
        break;
      default:
    }
  }

  seeEntry(entry: WitnessEntry): void {
    if (entry.witness === 'ended' && endsTask(entry.outcome)) this.#of(entry.id).endedByWitness = true;
    if (entry.witness === 'gone') this.#of(entry.id).isLoose = true;
  }

  finish(): void {
    for (const [task, fate] of this.#fates) {
      this.#judgeLoss(task, fate);
      this.#judgeTwice(task, fate);
    }
  }

  #acknowledge(record: RecordOf<'add.acknowledged'>): void {
    const call = `${record.process} ${record.call}`;
    const tag = this.#calls.get(call);
    this.#calls.delete(call);
    if (tag !== undefined) this.#tags.set(record.task, tag);
    const fate = this.#of(record.task);
    if (fate.acknowledged.length > 0) fate.again ??= fate.hasRun ? 'later' : 'while it was there';
    fate.acknowledged.push(record);
  }

  #commit(record: RecordOf<'outcome.committed'>): void {
    const key = `${record.task} ${record.attempt}`;
    const before = this.#outcomes.get(key);
    if (before !== undefined) {
      if (before.worker === record.worker) return; // sent again
      const reset = this.context.processes.wentBack(before);
      if (reset !== undefined) {
        this.context.findings.undecided('I4', wentBack, [before, reset, record]);
        return;
      }
      const message = `attempt ${record.attempt} of ${record.task} has two accepted outcomes`;
      this.context.findings.violation('I4', message, [before, record]);
      return;
    }
    this.#outcomes.set(key, record);
    const hasRun = this.#starts.delete(attemptKey(record));
    // A task that cannot be run, such as a malformed one, fails without a handler.
    if (record.outcome === 'completed' && !hasRun) {
      const message = `${record.task} completed, and its handler had not run`;
      this.context.findings.violation('I4', message, [record]);
    }
    if (!endsTask(record.outcome)) return;
    const fate = this.#of(record.task);
    fate.final.push(record);
    fate.lastStart = undefined;
  }

  #judgeLoss(task: string, fate: Fate): void {
    const [acknowledged] = fate.acknowledged;
    if (acknowledged === undefined || fate.final.length > 0 || fate.endedByWitness || fate.isLoose) return;
    if (this.#purged.has(this.#tags.get(task) ?? '')) return;
    const { findings, processes } = this.context;
    const { seen, lastStart } = fate;
    if (seen !== undefined && endsTask(seen.state)) return;
    const evidence = [acknowledged, ...(lastStart ? [lastStart] : []), ...(seen ? [seen] : [])];
    const reset = processes.wentBack(acknowledged);
    if (this.#drained === undefined) {
      findings.undecided('I3', 'the history ends before everything has drained', evidence);
    } else if (reset !== undefined) {
      findings.undecided('I3', wentBack, [...evidence, reset]);
    } else if (seen === undefined && this.#last.mayHaveEnded(task) !== undefined) {
      findings.undecided('I3', mayHaveCommitted, evidence);
    } else {
      findings.violation('I3', `${task} was acknowledged and has no end`, [...evidence, this.#drained]);
    }
  }

  #judgeTwice(task: string, { final, acknowledged, isLoose, again }: Fate): void {
    const [first, second] = final;
    if (first === undefined || second === undefined || isLoose) return;
    const { findings } = this.context;
    const evidence = [...(again === undefined ? [] : acknowledged), first, second];
    if (again === 'later')
      findings.undecided('I9', 'retention may have removed the task before it was added again', evidence);
    else if (this.context.processes.wentBack(first) !== undefined)
      findings.undecided('I4', wentBack, evidence);
    else if (again === undefined) findings.violation('I4', `${task} ended ${final.length} times`, evidence);
    else
      findings.violation(
        'I9',
        `${task} was added ${acknowledged.length} times and ended ${final.length} times`,
        evidence,
      );
  }

  #of(task: string): Fate {
    let fate = this.#fates.get(task);
    if (fate === undefined) {
      fate = {
        acknowledged: [],
        final: [],
        lastStart: undefined,
        seen: undefined,
        hasRun: false,
        again: undefined,
        isLoose: false,
        endedByWitness: false,
      };
      this.#fates.set(task, fate);
    }
    return fate;
  }
}

function attemptKey({ task, worker, attempt }: { task: string; worker: string; attempt: number }): string {
  return `${task} ${worker} ${attempt}`;
}
