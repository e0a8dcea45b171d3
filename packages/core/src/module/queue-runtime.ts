import type { OnApplicationBootstrap, OnApplicationShutdown, OnModuleDestroy } from '@nestjs/common';
import { systemClock } from '../domain/clock.js';
import { ElectionService } from '../election/election-service.js';
import { LeaderWatch } from '../election/leader-watch.js';
import type { QueueLog } from '../observability/messages/queue-log.js';
import { QueueService } from '../producer/queue-service.js';
import { RecoveryService } from '../recovery/recovery-service.js';
import type { QueueContext } from '../redis/queue-context.js';
import { SchedulerService } from '../scheduler/scheduler-service.js';
import { WorkerService } from '../worker/worker-service.js';
import type { QueueErrors } from './queue-errors.js';

/** The services of one queue, put together, and their start and stop with the application. */
export class QueueRuntime implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  readonly queueService: QueueService;
  readonly workerService: WorkerService;
  readonly schedulerService: SchedulerService;
  readonly electionService: ElectionService;

  constructor(
    private readonly context: QueueContext,
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

  async onApplicationBootstrap(): Promise<void> {
    const { pendingQueueName: queue, role, workerCount } = this.context.options;
    this.electionService.start();
    await this.workerService.start();
    const workers = this.workerService.runsTasks ? workerCount : 0;
    this.log.info('queueStarted', { queue, role, nodeId: this.context.nodeId, workerCount: workers });
  }

  /** Running tasks may still add tasks: the connections stay open until the application has shut down. */
  async onModuleDestroy(): Promise<void> {
    const { pendingQueueName: queue } = this.context.options;
    const startedAt = performance.now();
    const running = this.workerService.getWorkerStates().filter(({ status }) => status === 'running').length;
    this.log.info('shutdownBegan', { queue, running });
    await Promise.all([this.workerService.stop(), this.electionService.stop()]);
    this.log.info('shutdownFinished', { queue, durationMs: Math.round(performance.now() - startedAt) });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.queueService.close();
    this.errors.close();
    await this.context.hub.close();
  }
}
