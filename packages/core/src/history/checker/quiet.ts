import type { RecordOf } from '../records.js';
import type { WitnessEntry } from '../witness.js';
import type { Check, CheckContext } from './check.js';
import { endsTask } from './ends-task.js';
import { LastAttempts } from './last-attempts.js';
import type { Placed } from './merge-histories.js';
import { mayHaveCommitted } from './processes.js';

/** Ends of the names of what stays; docs/reference/redis-keys.md lists them. Tasks that retention keeps are the only others. */
const staying = [
  'election:epoch',
  'election:vacancy',
  'leader:info',
  'meta',
  'id',
  'events',
  'aff:ctl',
  'aff:limits',
  'aff:witness',
  // Wakes a leader; the last worker may go when there is none any more.
  'marker',
  'pc',
  'completed',
  'failed',
];

/** The chains of a producer's latest calls expire. */
const expiring = 'aff:call:';

/** What BullMQ keeps with a task that waited for others, as long as it keeps the task. */
const ofAParent = /:(processed|failed|unsuccessful)$/;

/** I10: once everything has drained and every worker has gone, only the documented keys are left. */
export class Quiet implements Check {
  #left: RecordOf<'keys.left'> | undefined;
  readonly #ended = new Set<string>();
  readonly #last: LastAttempts;

  constructor(private readonly context: CheckContext) {
    this.#last = new LastAttempts(context.processes);
  }

  see(placed: Placed): void {
    const { record } = placed;
    this.#last.see(placed);
    if (record.type === 'keys.left') this.#left = record;
    if (record.type === 'outcome.committed' || record.type === 'outcome.unknown')
      this.#see(record.task, record.outcome);
    if (record.type === 'task.seen') this.#see(record.task, record.state);
  }

  /** Its producer may not have heard of it, and who ran it may have died before it wrote down that it ended. */
  seeEntry(entry: WitnessEntry): void {
    if (entry.witness === 'ended') this.#see(entry.id, entry.outcome);
  }

  finish(): void {
    const { findings } = this.context;
    const left = this.#left;
    if (left === undefined) {
      findings.undecided('I10', 'nobody recorded which keys were left');
      return;
    }
    const queue = left.queue ?? '';
    const kept = new Set(left.keys);
    for (const key of left.keys) {
      if (this.#mayStay(key, queue, kept)) continue;
      const start = this.#mayHaveEnded(key, queue);
      if (start === undefined) findings.violation('I10', `${key} is left`, [left]);
      else findings.undecided('I10', mayHaveCommitted, [start, left]);
    }
  }

  #see(task: string, outcomeOrState: string): void {
    if (endsTask(outcomeOrState)) this.#ended.add(task);
  }

  /** @returns its last start, by a process that may not have lived to write down its outcome; a witness would tell */
  #mayHaveEnded(key: string, queue: string): RecordOf<'task.started'> | undefined {
    const task = key.slice(`bull:${queue}:`.length).replace(/:logs$/, '');
    return this.context.hasWitness ? undefined : this.#last.mayHaveEnded(task);
  }

  #mayStay(key: string, queue: string, kept: ReadonlySet<string>): boolean {
    const base = `bull:${queue}:`;
    if (!key.startsWith(base))
      return key.startsWith('scheduler:') && staying.some((end) => key.endsWith(`:${end}`));
    const rest = key.slice(base.length);
    if (staying.includes(rest) || rest.startsWith(expiring)) return true;
    const parent = key.replace(ofAParent, '');
    if (parent !== key) return kept.has(parent);
    return this.#ended.has(rest) || this.#ended.has(rest.replace(/:logs$/, ''));
  }
}
