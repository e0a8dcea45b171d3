import { hostname } from 'node:os';
import { historyVersion, type RecordFields, type RecordType } from '../records.js';
import { bootId } from './boot-id.js';
import { HistoryWriter } from './history-writer.js';

/**
 * Records that announce what others may see: they are with the operating system before it happens, so that a process killed
 * right after it has left them. Everything else may be lost with the last milliseconds of a process; that a checker must, and
 * does, expect.
 */
const announcements: ReadonlySet<RecordType> = new Set([
  'process.opened',
  'queue.opened',
  'leadership.lost',
  'add.invoked',
  'task.started',
  'task.leaving',
  'task.removed',
  'task.requeued',
  'tag.purged',
  'fault',
]);

/** @publicApi */
export interface HistoryRecorderOptions {
  /** The file to make; it must not exist. */
  readonly file: string;
  /** Id of this process in the history; unique among all files that are checked together. */
  readonly process: string;
  /** The instance's id, as keys and logs have it. */
  readonly node?: string;
}

/**
 * Writes the history of one process.
 *
 * @publicApi
 */
export class HistoryRecorder {
  readonly process: string;
  readonly #writer: HistoryWriter;
  #n = 0;
  #lastAt = 0;

  /** @throws when the file exists or cannot be made */
  constructor({ file, process: id, node = '' }: HistoryRecorderOptions) {
    this.process = id;
    this.#writer = new HistoryWriter(file);
    const opened = { version: historyVersion, boot: bootId(), host: hostname(), pid: process.pid, node };
    this.record('process.opened', opened);
  }

  /** @param queue - the pending queue that it is about */
  record<Type extends RecordType>(type: Type, fields: RecordFields[Type], queue?: string): void {
    // A reading per record, none twice: the order of the lines is the order of `at`.
    this.#lastAt = Math.max(monotonicUs(), this.#lastAt + 1);
    const stamp = {
      n: ++this.#n,
      process: this.process,
      at: this.#lastAt,
      wall: Date.now(),
      type,
      ...(queue !== undefined && { queue }),
    };
    this.#writer.append(JSON.stringify({ ...stamp, ...fields }));
    if (announcements.has(type)) this.#writer.flush();
  }

  /** What is buffered goes to the operating system now. */
  flush(): void {
    this.#writer.flush();
  }

  /** Ends the file. */
  close(): void {
    this.record('process.closed', {});
    this.#writer.close();
  }
}

/** The clock of a history, in microseconds. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}
