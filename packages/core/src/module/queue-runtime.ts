import { systemClock } from '../domain/clock.js';
import { ElectionService } from '../election/election-service.js';
import { LeaderWatch } from '../election/leader-watch.js';
import type { QueueLog } from '../observability/messages/queue-log.js';
import type { ResolvedQueueOptions } from '../options/resolved-options.js';
import { QueueService } from '../producer/queue-service.js';
import { RecoveryService } from '../recovery/recovery-service.js';
import type { QueueContext } from '../redis/queue-context.js';
import { SchedulerService } from '../scheduler/scheduler-service.js';
import { WorkerService } from '../worker/worker-service.js';
import type { QueueErrors } from './queue-errors.js';
import { settleAll } from './settle-all.js';

/** The services of one queue, put together. */
export class QueueRuntime {
  readonly queueService: QueueService;
  readonly workerService: WorkerService;
  readonly schedulerService: SchedulerService;
  readonly electionService: ElectionService;
  #started = false;

  constructor(
    readonly context: QueueContext,
    private readonly log: QueueLog,
    private readonly errors: QueueErrors,
  ) {
    const onError = errors.report;
    const shared = { context, log, onError };
    const leaderWatch = new LeaderWatch(context, log, systemClock, onError);
    this.queueService = new QueueService({ ...shared, errors$: errors.errors$ });
    this.workerService = new WorkerService({
      ...shared,
      onLockSeen: (ttlMs) => {
        leaderWatch.lockSeen(ttlMs);
      },
    });
    this.schedulerService = new SchedulerService(shared);
    this.electionService = new ElectionService(shared);
    this.electionService.addRunner(this.schedulerService);
    this.electionService.addRunner(new RecoveryService(shared));
  }

  get options(): ResolvedQueueOptions {
    return this.context.options;
  }

  /** For a fault that nobody awaits. */
  get reportError(): (error: unknown) => void {
    return this.errors.report;
  }

  async start(): Promise<void> {
    const { pendingQueueName: queue, role, workerCount } = this.options;
    this.#started = true;
    await this.queueService.queue.waitUntilReady();
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
    await settleAll([this.workerService, this.electionService], (service) => service.stop());
    this.log.info('shutdownFinished', { queue, durationMs: Math.round(performance.now() - startedAt) });
  }

  async close(): Promise<void> {
    try {
      await this.queueService.close();
    } finally {
      this.errors.close();
    }
  }
}
