import { roleWorks } from '../../domain/roles.js';
import type { WorkerState } from '../../domain/worker-state.js';
import { QueueClosedError } from '../../errors/errors.js';
import type { ResolvedQueueOptions } from '../../options/resolved-options.js';
import type { InstanceIds } from '../../redis/instance-ids.js';
import type { HandlerRegistry } from '../../worker/handler-registry.js';
import type { TaskHandlerFunction } from '../../worker/task-context.js';
import type { TagHookRegistry } from '../../worker/tag-hooks/tag-hook-registry.js';
import type { TagHooks } from '../../worker/tag-hooks/tag-hooks.js';
import type { WorkerService } from '../../worker/worker-service.js';
import type { QueueEngine } from '../engine/queue-engine.js';
import { workerState } from '../model/reading.js';
import type { PublicPart } from './public-part.js';

/** What an application has registered on a queue. */
export interface Registered {
  readonly handlers: HandlerRegistry;
  readonly hooks: TagHookRegistry;
}

/** {@link WorkerService} on an engine in memory. */
export class InMemoryWorkerService implements PublicPart<WorkerService, 'wrapHandlers'> {
  /** There is no Redis that could be out of reach. */
  readonly hasLease = true;

  #started = false;
  #closed = false;
  #changing: Promise<void> = Promise.resolve();

  constructor(
    private readonly engine: QueueEngine,
    private readonly registered: Registered,
    private readonly options: ResolvedQueueOptions,
    private readonly ids: InstanceIds,
  ) {}

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in WorkerService
  registerHandler<Payload = any, Result = unknown>(
    type: string,
    handler: TaskHandlerFunction<Payload, Result>,
  ): void {
    this.registered.handlers.register(type, handler);
  }

  registerTagHooks(hooks: TagHooks): void {
    this.registered.hooks.register(hooks);
  }

  get registeredTypes(): readonly string[] {
    return this.registered.handlers.types;
  }

  get runsTasks(): boolean {
    return roleWorks(this.options.role);
  }

  get isStarted(): boolean {
    return this.#started;
  }

  start(): Promise<void> {
    return this.#change(async () => {
      if (this.#closed) throw new QueueClosedError({ queueName: this.options.pendingQueueName });
      if (this.#started || !this.runsTasks) return;
      this.#started = true;
      for (let n = 0; n < this.options.workerCount; n += 1) this.engine.lanes.add(this.ids.nextWorkerId());
    });
  }

  stop(): Promise<void> {
    return this.#stop(false);
  }

  /** When the application closes, which is when its test is over: what still runs is aborted. */
  stopAtOnce(): Promise<void> {
    return this.#stop(true);
  }

  close(): void {
    this.#closed = true;
  }

  getWorkerStates(): WorkerState[] {
    return this.engine.lanes.workers.map(workerState);
  }

  #stop(hurry: boolean): Promise<void> {
    return this.#change(async () => {
      if (!this.#started) return;
      this.#started = false;
      await this.engine.lanes.stop(hurry);
    });
  }

  #change(step: () => Promise<void>): Promise<void> {
    const change = this.#changing.then(step);
    const over = (): void => undefined; // how it ended is for the caller
    this.#changing = change.then(over, over);
    return change;
  }
}
