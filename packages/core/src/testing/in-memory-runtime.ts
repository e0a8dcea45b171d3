import { QueueErrors } from '../module/queue-errors.js';
import type { ResolvedQueueOptions } from '../options/resolved-options.js';
import type { QueueSighting } from '../module/queue-sighting.js';
import { QueueInstruments } from '../observability/instruments/queue-instruments.js';
import type { InstanceIds } from '../redis/instance-ids.js';
import { HandlerRegistry } from '../worker/handler-registry.js';
import { TagHookRegistry } from '../worker/tag-hooks/tag-hook-registry.js';
import { QueueEngine } from './engine/queue-engine.js';
import { sighting } from './model/sighting.js';
import { InMemoryElectionService } from './services/in-memory-election-service.js';
import { InMemoryQueueService } from './services/in-memory-queue-service.js';
import { InMemorySchedulerService } from './services/in-memory-scheduler-service.js';
import { InMemoryWorkerService } from './services/in-memory-worker-service.js';
import type { TestClock } from './test-clock.js';

/** The services of one queue in memory, put together. */
export class InMemoryRuntime {
  readonly queueService: InMemoryQueueService;
  readonly workerService: InMemoryWorkerService;
  readonly schedulerService: InMemorySchedulerService;
  readonly electionService: InMemoryElectionService;
  readonly engine: QueueEngine;
  readonly nodeId: string;
  /** Where those listen that watch this queue: metrics. */
  readonly instruments = new QueueInstruments();
  readonly #errors: QueueErrors;
  #heartbeats = 0;

  constructor(
    readonly options: ResolvedQueueOptions,
    clock: TestClock,
    ids: InstanceIds,
  ) {
    const handlers = new HandlerRegistry();
    const hooks = new TagHookRegistry();
    this.#errors = new QueueErrors(options.pendingQueueName);
    const { instruments } = this;
    const onError = this.#errors.report;
    this.engine = new QueueEngine({ options, clock, handlers, hooks, instruments, onError });
    const { nodeId } = ids;
    this.nodeId = nodeId;
    const described = { nodeId, handlers };
    this.queueService = new InMemoryQueueService(this.engine, options, this.#errors.errors$, described);
    this.workerService = new InMemoryWorkerService(this.engine, { handlers, hooks }, options, ids);
    this.electionService = new InMemoryElectionService(this.engine, options, clock, nodeId);
    this.schedulerService = new InMemorySchedulerService(this.engine, this.electionService);
  }

  /** For a fault that nobody awaits. */
  get reportError(): (error: unknown) => void {
    return this.#errors.report;
  }

  async sight(): Promise<QueueSighting> {
    const { state, nowMs } = this.engine;
    const leader = await this.electionService.getLeader();
    // A leader in memory never falls silent, also while time stands still.
    this.#heartbeats += 1;
    const alive = leader && { ...leader, lastHeartbeat: nowMs, heartbeats: this.#heartbeats };
    return sighting(state, alive, this.options.electionLockTtlMs, nowMs);
  }

  async start(): Promise<void> {
    await this.workerService.start();
    this.electionService.start();
  }

  async stop(): Promise<void> {
    await this.workerService.stopAtOnce();
    await this.electionService.stop();
  }

  close(): void {
    this.workerService.close();
    this.electionService.close();
    this.queueService.close();
    this.#errors.close();
  }
}
