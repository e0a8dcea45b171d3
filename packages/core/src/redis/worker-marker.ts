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

const beatMember = /^beat:(.*)$/s;
const cancelMember = /^cancel:([^:]+):(\d+):([^:]*):(.*)$/s;

/**
 * The one marker zset on which all workers on a set of connections wait, whatever their queue. Its members are worker ids,
 * `cancel:<workerId>:<attempt>:<seq>:<task id>`, or `beat:<base of a queue's keys>`.
 */
export class WorkerMarker {
  readonly #workers = new Map<string, MarkedWorker>();
  readonly #beats = new Map<string, () => void>();
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

  /** @param listener - called when somebody asks the workers of a queue for a heartbeat */
  onBeatAsked(queueBase: string, listener: () => void): void {
    this.#beats.set(queueBase, listener);
  }

  #deliver(member: string): void {
    const queueBase = beatMember.exec(member)?.[1];
    if (queueBase !== undefined) {
      this.#beats.get(queueBase)?.();
      return;
    }
    const [, workerId, attempt, seq = '', jobId] = cancelMember.exec(member) ?? [];
    if (jobId === undefined) this.#workers.get(member)?.wake();
    else this.#workers.get(workerId ?? '')?.cancel({ jobId, attempt: Number(attempt), seq });
  }
}
