import type { RecordOf } from '../records.js';
import type { WitnessEntry } from '../witness.js';
import type { Check, CheckContext } from './check.js';
import { Departures } from './departures.js';
import { endsTask } from './ends-task.js';
import type { Placed } from './merge-histories.js';
import { Overtakings } from './overtakings.js';
import { noCommonClock, wentBack } from './processes.js';
import type { Evidence } from './report.js';

interface AddedTask {
  readonly invoked: RecordOf<'add.invoked'>;
  /** It was not there before. */
  readonly invokedAt: number;
  acknowledged: RecordOf<'add.acknowledged'> | undefined;
  acknowledgedAt: number;
  readonly boot: string;
}

/** The first start that is known of a task, and an earlier one of a task that was added after it. */
interface OutOfOrder {
  readonly start: RecordOf<'task.started'>;
  readonly latest: RecordOf<'task.started'>;
  readonly evidence: Evidence;
}

interface TagOrder {
  last: RecordOf<'task.started'> | undefined;
  /** The one of those that have started whose add was invoked last. */
  latest: { readonly added: AddedTask; readonly start: RecordOf<'task.started'> } | undefined;
}

/**
 * I2 by what producers and handlers saw: a task whose add was acknowledged before another one of its tag was invoked starts
 * before it; and between two attempts of a task no other one of its tag starts. A task that leaves the order (see
 * {@link Departures}) is not judged for that time. It joins the order at the end of its tag, and goes to the head of it when an
 * attempt is retried or given back, so that from its next start on it is judged as any other one, and so is whatever it overtakes.
 * Of a task that was given new attempts only those are judged of which is written that they went back to its tag: who retried it
 * may have died without a record of it.
 */
export class StartOrder implements Check {
  readonly #invoked = new Map<string, { record: RecordOf<'add.invoked'>; time: number }>();
  readonly #added = new Map<string, AddedTask>();
  readonly #tags = new Map<string, TagOrder>();
  /** The latest start of a task, as long as it has not ended, and its attempt. */
  readonly #started = new Map<string, { start: RecordOf<'task.started'> | undefined; attempt: number }>();
  /** Whoever removed them may have come too late; so nobody knows when a task of this id joined the order. */
  readonly #removed = new Set<string>();
  readonly #purged = new Set<string>();
  readonly #departures: Departures;
  readonly #overtakings: Overtakings;
  readonly #outOfOrder: OutOfOrder[] = [];

  constructor(private readonly context: CheckContext) {
    this.#departures = new Departures(context.processes);
    this.#overtakings = new Overtakings(context, this.#departures);
  }

  see(placed: Placed): void {
    const { record, time, boot } = placed;
    this.#departures.see(placed);
    switch (record.type) {
      case 'add.invoked':
        this.#invoke(record, time, boot);
        break;
      case 'add.acknowledged':
        this.#acknowledge(record, time, boot);
        break;
      case 'outcome.committed':
        if (endsTask(record.outcome)) this.#forget(record.task);
        break;
      case 'task.started':
        this.#start(record);
        break;
      case 'task.removed':
        this.#remove(record.task);
        break;
      case 'tag.purged':
        this.#purge(record.tag);
        break;
      default:
    }
  }

  #invoke(record: RecordOf<'add.invoked'>, time: number, boot: string): void {
    if (record.task === undefined) this.#invoked.set(`${record.process} ${record.call}`, { record, time });
    else this.#add(record.task, record, time, boot);
  }

  #acknowledge(record: RecordOf<'add.acknowledged'>, time: number, boot: string): void {
    const key = `${record.process} ${record.call}`;
    const invoked = this.#invoked.get(key);
    this.#invoked.delete(key);
    if (invoked !== undefined) this.#add(record.task, invoked.record, invoked.time, boot);
    const added = this.#added.get(record.task);
    if (added === undefined || added.acknowledged !== undefined) return;
    added.acknowledged = record;
    added.acknowledgedAt = time;
  }

  #add(task: string, invoked: RecordOf<'add.invoked'>, invokedAt: number, boot: string): void {
    const { delayMs = 0, deduplicated } = invoked;
    if (delayMs > 0) this.#departures.startsLate(task);
    // Added again, it is the task that it was, unless that was purged.
    if (this.#added.has(task)) {
      if (this.#purged.has(invoked.tag)) this.#removed.add(task);
      return;
    }
    this.#added.set(task, {
      invoked,
      // The task that it came to may have been there before: that it was there when the call returned is all that it says.
      invokedAt: deduplicated === true ? Number.NEGATIVE_INFINITY : invokedAt,
      acknowledged: undefined,
      acknowledgedAt: Number.POSITIVE_INFINITY,
      boot,
    });
  }

  /** What has ended keeps only what tells a late start of it from a first one. */
  #forget(task: string): void {
    const started = this.#started.get(task);
    if (started !== undefined) started.start = undefined;
  }

  /** What is added under its id from now on is another task, if it was removed: its attempts are counted anew. */
  #remove(task: string): void {
    this.#removed.add(task);
    this.#started.delete(task);
  }

  #purge(tag: string): void {
    this.#purged.add(tag);
    for (const [task, { start }] of this.#started) if (start?.tag === tag) this.#remove(task);
  }

  #start(start: RecordOf<'task.started'>): void {
    const { task, tag, attempt } = start;
    if (tag === undefined || this.context.processes.limitOf(tag) > 1) return;
    const order = this.#tags.get(tag) ?? { last: undefined, latest: undefined };
    this.#tags.set(tag, order);
    const before = this.#started.get(task);
    // Somebody who was frozen begins what others have begun since: that is an overlap, not an order.
    if (before !== undefined && attempt <= before.attempt) {
      // Or it is not the task that it was.
      if (this.#removed.has(task) || this.#purged.has(tag)) this.#remove(task);
      return;
    }
    this.#started.set(task, { start, attempt });
    if (before === undefined) this.#first(start, order);
    else if (before.start !== undefined) this.#again(start, before.start, order);
    order.last = start;
  }

  #again(start: RecordOf<'task.started'>, before: RecordOf<'task.started'>, { last }: TagOrder): void {
    if (last === undefined || last.task === start.task) return;
    const { findings, processes } = this.context;
    const reset = processes.wentBack(before) ?? processes.wentBack(last);
    if (reset !== undefined) findings.undecided('I2', wentBack, [before, reset, last, start]);
    else this.#overtakings.add({ before, between: last, start, wasLoose: this.#departures.isLoose(start) });
  }

  /** Who ran a task that left the order may have died before it wrote that down. */
  seeEntry(entry: WitnessEntry): void {
    this.#departures.seeEntry(entry);
    this.#overtakings.seeEntry(entry);
  }

  finish(): void {
    for (const one of this.#outOfOrder) this.#judgeFirst(one);
    this.#overtakings.finish();
  }

  #first(start: RecordOf<'task.started'>, order: TagOrder): void {
    const added = this.#added.get(start.task);
    if (added === undefined || this.#removed.has(start.task) || this.#departures.maySkipBefore(start)) return;
    this.#added.delete(start.task);
    const { latest } = order;
    if (latest !== undefined && added.acknowledgedAt < latest.added.invokedAt) {
      const evidence = [added.acknowledged ?? added.invoked, latest.added.invoked, latest.start, start];
      const { findings, processes } = this.context;
      const reset = processes.wentBack(added.acknowledged);
      if (reset !== undefined) findings.undecided('I2', wentBack, [...evidence, reset]);
      else if (latest.added.boot !== added.boot)
        findings.undecided('I2', 'the two producers have no clock in common', evidence);
      else this.#outOfOrder.push({ start, latest: latest.start, evidence });
    }
    if (latest === undefined || added.invokedAt > latest.added.invokedAt) order.latest = { added, start };
  }

  #judgeFirst({ start, latest, evidence }: OutOfOrder): void {
    const { findings, processes } = this.context;
    // An earlier attempt may be on a clock that is ahead.
    const isFirst = start.attempt === 1 || !processes.hasSeveralBoots;
    if (!isFirst || !processes.shareClock(latest, start)) findings.undecided('I2', noCommonClock, evidence);
    else {
      const message = `tag ${String(start.tag)}: ${latest.task} started before ${start.task}, which was added before it`;
      findings.violation('I2', message, evidence);
    }
  }
}
