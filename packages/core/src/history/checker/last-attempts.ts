import type { RecordOf } from '../records.js';
import type { Placed } from './merge-histories.js';
import type { Processes } from './processes.js';

interface LastAttempt {
  readonly start: RecordOf<'task.started'>;
  /** When its outcome was sent, or sent again. */
  askedAt: number | undefined;
}

/** The latest attempt of each task, as long as nobody has written down what Redis said to its outcome. */
export class LastAttempts {
  readonly #open = new Map<string, LastAttempt>();

  constructor(private readonly processes: Processes) {}

  see({ record, time }: Placed): void {
    switch (record.type) {
      case 'task.started':
        this.#open.set(record.task, { start: record, askedAt: undefined });
        break;
      case 'task.ended':
      case 'outcome.unknown': {
        const open = this.#of(record);
        if (open !== undefined) open.askedAt = time;
        break;
      }
      case 'outcome.committed':
      case 'outcome.refused':
        if (this.#of(record) !== undefined) this.#open.delete(record.task);
        break;
      default:
    }
  }

  /** @returns its start, if its outcome may have been accepted, and its process did not live to write that down */
  mayHaveEnded(task: string): RecordOf<'task.started'> | undefined {
    const open = this.#open.get(task);
    if (open === undefined) return undefined;
    const { start, askedAt } = open;
    // Where nothing says that it ended, it may have done so in the last moments of its process.
    const isOpen =
      askedAt === undefined
        ? !this.processes.hasClosed(start.process)
        : this.processes.mayNotHaveHeard(start.process, askedAt);
    return isOpen ? start : undefined;
  }

  #of({
    task,
    worker,
    attempt,
  }: RecordOf<'task.ended' | 'outcome.unknown' | 'outcome.committed' | 'outcome.refused'>):
    LastAttempt | undefined {
    const open = this.#open.get(task);
    return open?.start.worker === worker && open.start.attempt === attempt ? open : undefined;
  }
}
