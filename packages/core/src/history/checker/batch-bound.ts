import type { RecordOf } from '../records.js';
import type { Check, CheckContext } from './check.js';
import type { Placed } from './merge-histories.js';
import { wentBack } from './processes.js';

/** I6 by what the handlers saw: their place in the batch, and how many tasks there were under one fencing token. */
export class BatchBound implements Check {
  /** Tasks started under the latest token of each worker. */
  readonly #batches = new Map<
    string,
    {
      token: number;
      tasks: Set<string>;
      first: RecordOf<'task.started'>;
    }
  >();

  constructor(private readonly context: CheckContext) {}

  see({ record }: Placed): void {
    if (record.type !== 'task.started') return;
    const most = this.context.processes.bounds?.maxBatchSize;
    if (most === undefined) return;
    if (record.position > most) {
      const message = `${record.task} is number ${record.position} of a batch of at most ${most}`;
      this.context.findings.violation('I6', message, [record]);
    }
    this.#count(record, most);
  }

  #count(record: RecordOf<'task.started'>, most: number): void {
    const { worker, token, task } = record;
    if (token === undefined) return;
    const present = this.#batches.get(worker);
    const batch = present?.token === token ? present : { token, tasks: new Set<string>(), first: record };
    this.#batches.set(worker, batch);
    batch.tasks.add(task);
    if (batch.tasks.size === most + 1) {
      const message = `${batch.tasks.size} tasks of tag ${String(record.tag)} ran in one batch of at most ${most}`;
      const { findings, processes } = this.context;
      const reset = processes.wentBack(batch.first);
      if (reset !== undefined) findings.undecided('I6', wentBack, [batch.first, reset, record]);
      else findings.violation('I6', message, [record]);
    }
  }
}
