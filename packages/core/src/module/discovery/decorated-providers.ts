import { Inject, Injectable } from '@nestjs/common';
import { filter, type Subscription } from 'rxjs';
import { HandlerAlreadyRegisteredError, InvalidHandlerError } from '../../errors/errors.js';
import type { TaskContext } from '../../worker/task-context.js';
import { AffinityInstance } from '../affinity-instance.js';
import type { QueueRuntime } from '../queue-runtime.js';
import { decoratedTagHooks } from './decorated-tag-hooks.js';
import { listenedEvents } from './on-queue-event.decorator.js';
import { ProviderMethods, type ProviderMethod } from './provider-methods.js';
import { handledTypes, type QueueMethodOptions } from './task-handler.decorator.js';
import type { TaskRequest } from './task-request.js';

/** Connects the decorated methods of the application to the queues that they name. */
@Injectable()
export class DecoratedProviders {
  readonly #subscriptions: Subscription[] = [];

  constructor(
    @Inject(AffinityInstance) private readonly instance: AffinityInstance,
    @Inject(ProviderMethods) private readonly methods: ProviderMethods,
  ) {}

  /**
   * @throws {@link HandlerAlreadyRegisteredError} two handlers of one type on one queue
   * @throws {@link InvalidHandlerError} a queue that there is not, a type that is none, two hooks of one provider for the same
   */
  connect(): void {
    const handlers = new Map<string, string>();
    const methods = this.methods.all();
    for (const method of methods) {
      for (const { type, queue } of handledTypes.of(method.declared)) {
        const key = JSON.stringify([queue, type]);
        const other = handlers.get(key);
        if (other !== undefined) {
          throw new HandlerAlreadyRegisteredError({ type, handlers: [other, method.name] });
        }
        handlers.set(key, method.name);
        this.#register(this.#queueOf(method, { queue }), type, method);
      }
      for (const { type, queue } of listenedEvents.of(method.declared)) {
        this.#listen(this.#queueOf(method, { queue }), type, method);
      }
    }
    for (const { queue, method, hooks } of decoratedTagHooks(methods)) {
      this.#queueOf(method, { queue }).workerService.registerTagHooks(hooks);
    }
  }

  disconnect(): void {
    for (const subscription of this.#subscriptions.splice(0)) subscription.unsubscribe();
  }

  #register({ workerService }: QueueRuntime, type: string, method: ProviderMethod): void {
    workerService.registerHandler(type, (payload: unknown, context: TaskContext) => {
      const request: TaskRequest = { payload, context };
      return method.call([payload, context], request);
    });
  }

  #listen({ queueService, reportError }: QueueRuntime, type: string, method: ProviderMethod): void {
    const events = queueService.events$.pipe(filter((event) => event.type === type));
    this.#subscriptions.push(
      events.subscribe((event) => {
        void (async () => method.call([event], event))().catch(reportError);
      }),
    );
  }

  #queueOf(method: ProviderMethod, { queue }: QueueMethodOptions): QueueRuntime {
    const runtime = this.instance.queues.find(({ options }) => options.name === queue);
    if (runtime !== undefined) return runtime;
    const which = queue === undefined ? 'no root queue' : `no queue '${queue}'`;
    throw new InvalidHandlerError({ reason: `${method.name} names a queue, but there is ${which}` });
  }
}
