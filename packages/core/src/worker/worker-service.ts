import { systemClock, type Clock } from '../domain/clock.js';
import type { TaskTypes } from '../domain/task-map.js';
import type { WorkerState } from '../domain/worker-state.js';
import { QueueClosedError } from '../errors/errors.js';
import type { QueueLog } from '../observability/messages/queue-log.js';
import type { Instruments } from '../observability/instruments.interface.js';
import type { QueueContext } from '../redis/queue-context.js';
import { HandlerRegistry } from './handler-registry.js';
import { TagHookRegistry } from './tag-hooks/tag-hook-registry.js';
import type { TagHooks } from './tag-hooks/tag-hooks.js';
import type { TaskHandlerFunction } from './task-context.js';
import type { RegisteredHandler } from './typed-handler.js';
import { TaskRunner } from './task-runner.js';
import { WorkerPool } from './worker-pool.js';

export interface WorkerServiceDependencies {
  readonly context: QueueContext;
  readonly log: QueueLog;
  readonly onError: (error: unknown) => void;
  readonly onLockSeen: (lockTtlMs: number) => void;
  readonly clock?: Clock;
  readonly instruments?: Instruments;
}

/**
 * Runs the tasks: registers handlers, and keeps this instance's workers of one queue.
 *
 * @typeParam Tasks - a task map: the payload of each type of task; any task goes where it is left out
 * @publicApi
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- without a task map a payload is whatever the producer sends
export class WorkerService<Tasks = any> {
  readonly #handlers = new HandlerRegistry();
  readonly #hooks = new TagHookRegistry();
  readonly #pool: WorkerPool;
  readonly #context: QueueContext;
  readonly #log: QueueLog;
  #started = false;
  #closed = false;
  #changing: Promise<void> = Promise.resolve();

  /** @internal */
  constructor({ clock = systemClock, ...dependencies }: WorkerServiceDependencies) {
    this.#context = dependencies.context;
    this.#log = dependencies.log;
    const runner = new TaskRunner(this.#handlers, dependencies.context.options, dependencies.instruments);
    this.#pool = new WorkerPool({ ...dependencies, clock, runner, hooks: this.#hooks });
  }

  /**
   * Registers the function for a task type. In a role that runs no tasks it is accepted and never called.
   *
   * @throws {@link InvalidHandlerError}, {@link HandlerAlreadyRegisteredError}
   * @example
   * workerService.registerHandler('send-email', async (payload, context) => ({ status: 'sent' }));
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a payload is whatever the producer of that type sends
  registerHandler<Payload = any, Result = unknown, Type extends TaskTypes<Tasks> = TaskTypes<Tasks>>(
    type: Type,
    handler: RegisteredHandler<Tasks, Type, Payload, Result>,
  ): void;
  registerHandler(type: string, handler: TaskHandlerFunction): void {
    this.#handlers.register(type, handler);
    if (this.runsTasks) this.#log.info('handlerRegistered', { type });
    else this.#log.debug('handlerUnused', { type, role: this.#context.options.role });
  }

  /**
   * Registers what is to happen when a tag is bound to a worker of this instance, before its first handler, and when it is
   * released, after its last one. Hooks that are registered later run in their order, and are released in the opposite one.
   *
   * @throws {@link InvalidHandlerError}
   * @example
   * workerService.registerTagHooks({
   *   bound: async ({ identifyTag }) => { clients.set(identifyTag, await connect(identifyTag)); },
   *   released: async ({ identifyTag }) => { await clients.get(identifyTag)?.close(); },
   * });
   */
  registerTagHooks(hooks: TagHooks): void {
    this.#hooks.register(hooks);
  }

  /** @internal Every handler runs inside what this makes of it. */
  wrapHandlers(wrap: (handler: TaskHandlerFunction) => TaskHandlerFunction): void {
    this.#handlers.wrapWith(wrap);
  }

  /** Types that have a handler, in alphabetical order. */
  get registeredTypes(): readonly string[] {
    return this.#handlers.types;
  }

  /** Whether the role of this instance runs tasks. */
  get runsTasks(): boolean {
    const { role } = this.#context.options;
    return role === 'WORKER' || role === 'BOTH';
  }

  /** @internal Whether its workers should run at this moment. */
  get isStarted(): boolean {
    return this.#started;
  }

  /**
   * Starts the workers; does nothing when they run, or in a role without workers. Nest calls it after bootstrap.
   *
   * @throws {@link QueueClosedError}
   */
  start(): Promise<void> {
    return this.#change(async () => {
      if (this.#closed) throw new QueueClosedError({ queueName: this.#context.options.pendingQueueName });
      if (this.#started || !this.runsTasks) return;
      await this.#pool.start();
      this.#started = true;
    });
  }

  /**
   * Takes nothing new, lets running tasks finish within `shutdownTimeout`, gives the rest back in order, and removes this
   * instance's workers. Returns when all that is done; does nothing when stopped.
   */
  stop(): Promise<void> {
    return this.#change(async () => {
      if (!this.#started) return;
      this.#started = false;
      await this.#pool.stop();
    });
  }

  /** @internal They cannot be started any more. */
  close(): void {
    this.#closed = true;
  }

  /** What the workers of this instance are doing; empty while stopped. */
  getWorkerStates(): WorkerState[] {
    return this.#pool.states;
  }

  /** Whether each of the workers may act on its lease: false while Redis is out of reach for longer. True while stopped. */
  get hasLease(): boolean {
    return this.#pool.hasLease;
  }

  #change(step: () => Promise<void>): Promise<void> {
    const change = this.#changing.then(step);
    const over = (): void => undefined; // how it ended is for the caller
    this.#changing = change.then(over, over);
    return change;
  }
}
