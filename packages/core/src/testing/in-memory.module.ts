import { Global, Module, type DynamicModule, type Provider } from '@nestjs/common';
import { AffinityInstance } from '../module/affinity-instance.js';
import { AffinityLifecycleModule, lifecycle } from '../module/lifecycle.module.js';
import { AffinityQueueTesting, type QueueTestingOptions } from './affinity-queue-testing.js';
import { InMemoryInstance } from './in-memory-instance.js';

export const testingOptionsToken = 'AffinityQueue:TestingOptions';

const providers: Provider[] = [
  {
    provide: AffinityQueueTesting,
    useFactory: (options?: QueueTestingOptions) => new AffinityQueueTesting(options),
    inject: [{ token: testingOptionsToken, optional: true }],
  },
  { provide: AffinityInstance, useClass: InMemoryInstance },
];

/** In the place of `AffinityInstanceModule`: all queues of the application are in memory. */
@Global()
@Module({ providers, exports: [AffinityInstance, AffinityQueueTesting] })
export class InMemoryModule {
  static with(options: QueueTestingOptions): DynamicModule {
    return { module: InMemoryModule, providers: [{ provide: testingOptionsToken, useValue: options }] };
  }
}

/** The lifecycle of the real thing, on what is in memory. */
@Module({ ...lifecycle, imports: [InMemoryModule, ...lifecycle.imports] })
export class InMemoryLifecycleModule extends AffinityLifecycleModule {}
