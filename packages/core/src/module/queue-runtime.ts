import { systemClock } from '../domain/clock.js';
import { ElectionService } from '../election/election-service.js';
import { LeaderWatch } from '../election/leader-watch.js';
import { NeighbourWatch } from '../neighbours/neighbour-watch.js';
import type { QueueLog } from '../observability/messages/queue-log.js';
import type { ResolvedQueueOptions } from '../options/resolved-options.js';
import { traceAdds } from '../observability/tracing/trace-adds.js';
import { traceAttempts } from '../observability/tracing/trace-attempts.js';
import { QueueInstruments } from '../observability/instruments/queue-instruments.js';
import { QueueService } from '../producer/queue-service.js';
import { RecoveryService } from '../recovery/recovery-service.js';
import type { QueueContext } from '../redis/queue-context.js';
import type { ScriptObserver } from '../redis/queue-scripts.js';
import { SchedulerService } from '../scheduler/scheduler-service.js';
import { WorkerService } from '../worker/worker-service.js';
import type { QueueErrors } from './queue-errors.js';
import { sightQueue, type QueueSighting } from './queue-sighting.js';
import { settleAll } from './settle-all.js';

/** The services of one queue, put together. */
export class QueueRuntime {
  readonly queueService: QueueService;
  readonly workerService: WorkerService;
  readonly schedulerService: SchedulerService;
  readonly electionService: ElectionService;
  /** Where those listen that watch this queue: metrics. */
  readonly instruments: QueueInstruments;
  readonly #neighbours: NeighbourWatch;
  #started = false;

  constructor(
    readonly context: QueueContext,
    private readonly log: QueueLog,
    private readonly errors: QueueErrors,
  ) {
    const onError = errors.report;
    const { telemetry, pendingQueueName } = context.options;
    this.instruments = new QueueInstruments(telemetry && traceAttempts(telemetry, pendingQueueName));
    const neighbours = (this.#neighbours = new NeighbourWatch({ context, log, onError }));
    const shared = { context, log, onError, neighbours, instruments: this.instruments };
    const leaderWatch = new LeaderWatch(context, log, systemClock, onError);
    const traceAdd = telemetry && traceAdds(telemetry, pendingQueueName);
    this.queueService = new QueueService({ ...shared, errors$: errors.errors$, traceAdd });
    this.workerService = new WorkerService({
      ...shared,
      onLockSeen: (ttlMs) => {
        leaderWatch.lockSeen(ttlMs);
      },
    });
    this.electionService = new ElectionService({ ...shared, leaderWatch });
    this.schedulerService = new SchedulerService({ ...shared, candidacy: this.electionService });
    this.electionService.addRunner(this.schedulerService);
    this.electionService.addRunner(new RecoveryService(shared));
  }

  get options(): ResolvedQueueOptions {
    return this.context.options;
  }

  /** This instance's id. */
  get nodeId(): string {
    return this.context.nodeId;
  }

  /** Every script of this queue is shown to the observer, before it is sent and after it was answered. */
  observeScripts(observer: ScriptObserver): void {
    this.context.scripts.observe(observer);
  }

  /** Asks Redis who leads, and what waits longest: for those that watch this queue. */
  sight(): Promise<QueueSighting> {
    return sightQueue(this.context);
  }

  /** For a fault that nobody awaits. */
  get reportError(): (error: unknown) => void {
    return this.errors.report;
  }

  async start(): Promise<void> {
    const { pendingQueueName: queue, role, workerCount } = this.options;
    this.#started = true;
    await this.queueService.queue.waitUntilReady();
    this.#neighbours.start();
    await this.workerService.start();
    this.electionService.start();
    const workers = this.workerService.runsTasks ? workerCount : 0;
    this.log.info('queueStarted', { queue, role, nodeId: this.context.nodeId, workerCount: workers });
  }

  /** Lets running tasks finish. They may still add tasks: the connections stay open. */
  async stop(): Promise<void> {
    if (!this.#started) return;
    this.#started = false;
    const { pendingQueueName: queue } = this.options;
    const startedAt = performance.now();
    const running = this.workerService.getWorkerStates().filter(({ status }) => status === 'running').length;
    this.log.info('shutdownBegan', { queue, running });
    await settleAll([this.workerService, this.electionService, this.#neighbours], (service) =>
      service.stop(),
    );
    this.log.info('shutdownFinished', { queue, durationMs: Math.round(performance.now() - startedAt) });
  }

  async close(): Promise<void> {
    this.workerService.close();
    this.electionService.close();
    try {
      await this.queueService.close();
    } finally {
      this.errors.close();
    }
  }
}
