import type { BlockingWait } from './blocking-wait.js';
import type { InstanceIds } from './instance-ids.js';

/** Which attempt somebody cancelled. An id can be added again once its task is gone; `seq`, its place in the order, is new. */
export interface CancelledAttempt {
  readonly jobId: string;
  readonly attempt: number;
  readonly seq: string;
}

/** What Redis tells a worker of this instance through the marker zset. */
export interface MarkedWorker {
  /** There may be a task. */
  wake(): void;
  /** Somebody cancelled the attempt that it runs, or is about to run. */
  cancel(cancelled: CancelledAttempt): void;
}

const cancelMember = /^cancel:([^:]+):(\d+):([^:]*):(.*)$/s;

/**
 * The one marker zset on which all workers on a set of connections wait, whatever their queue. Its members are worker ids, or
 * `cancel:<workerId>:<attempt>:<seq>:<task id>`.
 */
export class WorkerMarker {
  readonly #workers = new Map<string, MarkedWorker>();
  #unwatch: (() => void) | undefined;

  constructor(
    readonly key: string,
    private readonly ids: InstanceIds,
    private readonly wait: BlockingWait,
  ) {}

  /** An id that no other worker of this process has or had. */
  nextWorkerId(): string {
    return this.ids.nextWorkerId();
  }

  add(workerId: string, worker: MarkedWorker): void {
    this.#workers.set(workerId, worker);
    this.#unwatch ??= this.wait.watch(this.key, (member) => {
      this.#deliver(member);
    });
  }

  remove(workerId: string): void {
    if (!this.#workers.delete(workerId) || this.#workers.size > 0) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  #deliver(member: string): void {
    const [, workerId, attempt, seq = '', jobId] = cancelMember.exec(member) ?? [];
    if (jobId === undefined) this.#workers.get(member)?.wake();
    else this.#workers.get(workerId ?? '')?.cancel({ jobId, attempt: Number(attempt), seq });
  }
}
