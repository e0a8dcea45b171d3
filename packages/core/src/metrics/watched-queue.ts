import { filter, type Subscription } from 'rxjs';
import type { InstrumentListener } from '../observability/instruments/queue-instruments.js';
import type { AttemptOutcome, WatchedAttempt } from '../observability/instruments.interface.js';
import type { QueueRuntime } from '../module/queue-runtime.js';
import { BatchSizes } from './batch-sizes.js';
import type { MetricName } from './metric-definitions.js';
import type { MetricSet } from './metric-set.js';
import { QueueScrape, type Sample } from './queue-scrape.js';

/** Of types without a handler here: other producers can write any, and each value of a label costs memory for ever. */
const unknownType = 'unknown';

/** Outcomes that every type is expected to have. */
const usualOutcomes: readonly AttemptOutcome[] = ['completed', 'failed', 'retried'];

/** Turns what happens in one queue, in this instance, into metrics. */
export class WatchedQueue implements InstrumentListener {
  readonly #queue: string;
  readonly #batches: BatchSizes;
  readonly #scrape: QueueScrape;
  readonly #detach: () => void;
  readonly #leadership: Subscription;

  constructor(
    private readonly runtime: QueueRuntime,
    private readonly metrics: MetricSet,
    timeoutMs: number,
  ) {
    const { options, queueService, electionService, instruments } = runtime;
    this.#queue = options.pendingQueueName;
    this.#batches = new BatchSizes((size) => {
      metrics.observe('affinity_queue_batch_size', { queue: this.#queue }, size);
    });
    this.#scrape = new QueueScrape(runtime, queueService, timeoutMs);
    this.#detach = instruments.attach(this);
    this.#count('affinity_queue_leadership_changes_total', 0);
    this.#count('affinity_queue_recovered_workers_total', 0);
    this.#count('affinity_queue_recovered_tasks_total', 0);
    this.#leadership = electionService.leadership$.pipe(filter((leads) => leads)).subscribe(() => {
      this.#count('affinity_queue_leadership_changes_total');
    });
  }

  stop(): void {
    this.#detach();
    this.#leadership.unsubscribe();
  }

  /** The present values of a gauge, with all their labels. */
  async samples(name: MetricName): Promise<readonly Sample[]> {
    if (name === 'affinity_queue_is_leader') {
      const { electionService } = this.runtime;
      return [[{ queue: this.#queue }, electionService.isLeader() ? 1 : 0]];
    }
    const samples = (await this.#scrape.samples()).get(name) ?? [];
    return samples.map(([labels, value]) => [{ queue: this.#queue, ...labels }, value]);
  }

  /** From 0 on: a counter that Prometheus first sees at 1 has not increased for it, and the first failure raises no alert. */
  announceTypes(): void {
    const { workerService } = this.runtime;
    if (!workerService.isStarted) return;
    for (const type of [...workerService.registeredTypes, unknownType]) {
      for (const outcome of usualOutcomes)
        this.metrics.count('affinity_queue_tasks_total', { queue: this.#queue, type, outcome }, 0);
    }
  }

  /** Batches that ended without another one behind them. */
  settleBatches(): void {
    const running = this.runtime.workerService.getWorkerStates().filter(({ status }) => status === 'running');
    this.#batches.settle(new Set(running.map(({ workerId }) => workerId)));
  }

  attemptBegan(attempt: WatchedAttempt): void {
    const { job, workerId, fencingToken, batchPosition } = attempt;
    this.#batches.began(workerId, fencingToken, batchPosition);
    if (attempt.attempt > 1) return;
    const waitedMs = Date.now() - job.timestamp - (job.opts.delay ?? 0);
    this.metrics.observe(
      'affinity_queue_task_wait_seconds',
      this.#of(attempt),
      Math.max(0, waitedMs) / 1_000,
    );
  }

  attemptEnded(attempt: WatchedAttempt, outcome: AttemptOutcome, durationMs: number): void {
    const labels = this.#of(attempt);
    this.metrics.count('affinity_queue_tasks_total', { ...labels, outcome });
    this.metrics.observe('affinity_queue_task_duration_seconds', labels, durationMs / 1_000);
  }

  dispatched(durationMs: number): void {
    this.metrics.observe(
      'affinity_queue_dispatch_duration_seconds',
      { queue: this.#queue },
      durationMs / 1_000,
    );
  }

  beat(delayMs: number): void {
    const seconds = Math.max(0, delayMs) / 1_000;
    this.metrics.observe('affinity_queue_heartbeat_delay_seconds', { queue: this.#queue }, seconds);
  }

  recovered(tasks: number): void {
    this.#count('affinity_queue_recovered_workers_total');
    this.#count('affinity_queue_recovered_tasks_total', tasks);
  }

  #count(name: MetricName, by = 1): void {
    this.metrics.count(name, { queue: this.#queue }, by);
  }

  #of({ type, hasHandler }: WatchedAttempt): { queue: string; type: string } {
    return { queue: this.#queue, type: hasHandler ? type : unknownType };
  }
}
