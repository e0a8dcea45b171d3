import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { AffinityInstance } from '../module/affinity-instance.js';
import { newNodeId } from '../module/node-id.js';
import { assertDistinctQueues } from '../options/distinct-queues.js';
import type { Resolution } from '../options/resolve-options.js';
import { InstanceIds } from '../redis/instance-ids.js';
import { AffinityQueueTesting } from './affinity-queue-testing.js';
import { InMemoryRuntime } from './in-memory-runtime.js';

/** What stands in for the `AffinityInstance` of an application: its queues, and their way from start to end, in memory. */
@Injectable()
export class InMemoryInstance implements Pick<AffinityInstance, 'start' | 'stop'>, OnApplicationShutdown {
  readonly #ids = new InstanceIds(newNodeId());
  readonly #queues: InMemoryRuntime[] = [];

  constructor(@Inject(AffinityQueueTesting) private readonly testing: AffinityQueueTesting) {}

  get queues(): readonly InMemoryRuntime[] {
    return this.#queues;
  }

  /** @throws {@link QueueNameConflictError} */
  join({ options }: Pick<Resolution, 'options'>): InMemoryRuntime {
    assertDistinctQueues([...this.#queues.map((queue) => queue.options), options]);
    const runtime = new InMemoryRuntime(options, this.testing.clock, this.#ids);
    this.testing.join(runtime.engine);
    this.#queues.push(runtime);
    return runtime;
  }

  async start(prepare: () => void): Promise<void> {
    prepare();
    for (const queue of this.#queues) await queue.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.stop()));
  }

  /** After the application's own modules, which may still add tasks. */
  onApplicationShutdown(): void {
    for (const queue of this.#queues) queue.close();
  }
}
