import type { BlockingWait } from './blocking-wait.js';

/** What Redis tells a worker of this instance through the marker zset. */
export interface MarkedWorker {
  /** There may be a task. */
  wake(): void;
  /** Somebody cancelled the attempt that it runs, or is about to run. */
  cancel(jobId: string, attempt: number): void;
}

const cancelMember = /^cancel:([^:]+):(\d+):(.*)$/s;

/**
 * The one marker zset on which all workers of an instance wait, whatever their queue. Its members are worker ids, or
 * `cancel:<workerId>:<attempt>:<task id>`.
 */
export class WorkerMarker {
  readonly #workers = new Map<string, MarkedWorker>();
  #count = 0;
  #unwatch: (() => void) | undefined;

  constructor(
    readonly key: string,
    private readonly nodeId: string,
    private readonly wait: BlockingWait,
  ) {}

  /** An id that no other worker of this process has or had. */
  nextWorkerId(): string {
    this.#count += 1;
    return `${this.nodeId}-${this.#count}`;
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
    const [, workerId, attempt, jobId] = cancelMember.exec(member) ?? [];
    if (jobId === undefined) this.#workers.get(member)?.wake();
    else this.#workers.get(workerId ?? '')?.cancel(jobId, Number(attempt));
  }
}
