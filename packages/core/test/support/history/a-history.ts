import type { HistoryRecord, RecordFields, RecordType } from '../../../src/history/records.js';
import { historyVersion } from '../../../src/history/records.js';
import type { WitnessEntry, WitnessFields, WitnessType } from '../../../src/history/witness.js';

/** The bounds of the queue of a made-up history; a lease of one second. */
export const bounds: RecordFields['queue.opened'] = {
  node: '',
  role: 'BOTH',
  maxBatchSize: 3,
  lockTtlMs: 1_000,
  heartbeatTimeoutMs: 1_000,
  schedulerIntervalMs: 1_000,
  concurrency: 1,
  tagConcurrency: {},
  retryOrder: 'block',
};

/** Writes histories of several processes by hand; all on one clock, in milliseconds. */
export class MadeHistory {
  readonly #records = new Map<string, HistoryRecord[]>();
  #now = 0;

  constructor(
    processes: readonly string[] = ['p', 'q'],
    options: Partial<RecordFields['queue.opened']> = {},
    boot: (process: string) => string = () => 'boot',
  ) {
    for (const process of processes) {
      this.#records.set(process, []);
      const opened = { version: historyVersion, boot: boot(process), host: 'h', pid: 1, node: process };
      this.says(process, 'process.opened', opened);
      this.says(process, 'queue.opened', { ...bounds, node: process, ...options });
    }
  }

  after(ms: number): this {
    this.#now += ms;
    return this;
  }

  says<Type extends RecordType>(process: string, type: Type, fields: RecordFields[Type]): this {
    const records = this.#records.get(process)!;
    this.#now += 1;
    const stamp = { n: records.length + 1, process, at: this.#now * 1_000, wall: this.#now, queue: 'queue' };
    records.push({ ...stamp, type, ...fields } as unknown as HistoryRecord);
    return this;
  }

  leads(process: string, epoch: string): this {
    return this.says(process, 'leadership.gained', { node: process, epoch, sentAt: this.#now * 1_000 });
  }

  /** A task is added and the call returns. */
  adds(
    process: string,
    task: string,
    tag = 'a',
    options: { delayMs?: number; retryOrder?: string } = {},
  ): this {
    this.says(process, 'add.invoked', { call: task, task, tag, ...options });
    return this.says(process, 'add.acknowledged', { call: task, task });
  }

  starts(process: string, task: string, tag = 'a', more: Partial<RecordFields['task.started']> = {}): this {
    const attempt = { task, tag, worker: `${process}-1`, attempt: 1, token: 1, position: 1, ...more };
    return this.says(process, 'task.started', attempt);
  }

  ends(process: string, task: string, tag = 'a', more: Partial<RecordFields['task.ended']> = {}): this {
    const attempt = {
      task,
      tag,
      worker: `${process}-1`,
      attempt: 1,
      result: 'returned',
      aborted: false,
    } as const;
    return this.says(process, 'task.ended', { ...attempt, ...more });
  }

  commits(process: string, task: string, more: Partial<RecordFields['outcome.committed']> = {}): this {
    const attempt = { task, worker: `${process}-1`, attempt: 1, outcome: 'completed' } as const;
    return this.says(process, 'outcome.committed', { ...attempt, ...more });
  }

  /** Starts, ends and commits. */
  runs(process: string, task: string, tag = 'a', more: Partial<RecordFields['task.started']> = {}): this {
    const { attempt = 1 } = more;
    return this.starts(process, task, tag, more)
      .ends(process, task, tag, { attempt })
      .commits(process, task, { attempt });
  }

  get histories(): HistoryRecord[][] {
    return [...this.#records.values()];
  }
}

export type Written = { [Type in WitnessType]: readonly [Type, Partial<WitnessFields[Type]>] }[WitnessType];

/** A witness stream by hand. */
export function witnessOf(...written: readonly Written[]): WitnessEntry[] {
  return written.map(
    ([witness, fields], index) => ({ witness, entryId: `${index + 1}-0`, ...fields }) as WitnessEntry,
  );
}
