import { Module, type DynamicModule, type ModuleMetadata, type Provider, type Type } from '@nestjs/common';
import {
  asyncOptionsProviders,
  type QueueFeatureAsyncOptions,
  type QueueModuleAsyncOptions,
} from '../module/async-options.js';
import { AffinityInstanceModule } from '../module/lifecycle.module.js';
import { givenOptionsToken, queueProviders } from '../module/providers.js';
import { nameOf } from '../module/queue.module.js';
import type { QueueFeatureOptions, QueueModuleOptions } from '../options/queue-module-options.js';
import type { QueueTestingOptions } from './affinity-queue-testing.js';
import { InMemoryLifecycleModule, InMemoryModule, testingOptionsToken } from './in-memory.module.js';

/**
 * What a test needs of `Test.createTestingModule` of `@nestjs/testing`.
 *
 * @publicApi
 */
export interface ModuleOverrides<Builder> {
  overrideModule(module: Type): {
    useModule(module: DynamicModule): Builder;
  };
}

/**
 * In the place of `QueueModule` in unit tests: the same services under the same tokens, in memory and without Redis. Tasks
 * are scheduled by the same rules; time stands still, and nothing runs, until the test says so through
 * {@link AffinityQueueTesting}.
 *
 * @example
 * const app = await Test.createTestingModule({
 *   imports: [AffinityQueueTestingModule.forRoot()],
 *   providers: [WelcomeMails],
 * }).compile();
 * await app.init();
 * await app.get(QueueService).add({ type: 'send-email', identifyTag: 'company-123', payload: { to: 'user@example.com' } });
 * await app.get(AffinityQueueTesting).runUntilIdle();
 * @publicApi
 */
@Module({})
export class AffinityQueueTestingModule {
  /** As `QueueModule.forRoot`: the same options, checked in the same way; those of Redis are not used. */
  static forRoot(options: QueueModuleOptions = {}, testing: QueueTestingOptions = {}): DynamicModule {
    return queueModule(undefined, [{ provide: givenOptionsToken(), useValue: options }], [], testing);
  }

  /** As `QueueModule.forRootAsync`. */
  static forRootAsync(options: QueueModuleAsyncOptions, testing: QueueTestingOptions = {}): DynamicModule {
    const given = asyncOptionsProviders(givenOptionsToken(), options, 'forRootAsync');
    return queueModule(undefined, given, options.imports, testing);
  }

  /** As `QueueModule.forFeature`. */
  static forFeature(options: QueueFeatureOptions): DynamicModule {
    const name = nameOf(options);
    return queueModule(name, [{ provide: givenOptionsToken(name), useValue: options }]);
  }

  /** As `QueueModule.forFeatureAsync`. */
  static forFeatureAsync(options: QueueFeatureAsyncOptions): DynamicModule {
    const name = nameOf(options);
    const given = asyncOptionsProviders(givenOptionsToken(name), options, 'forFeatureAsync');
    return queueModule(name, given, options.imports);
  }

  /**
   * For a test of modules that import `QueueModule` themselves: keeps all their queues in memory. The application's own
   * options and variables count.
   *
   * @example
   * const builder = Test.createTestingModule({ imports: [AppModule] });
   * const app = await AffinityQueueTestingModule.override(builder).compile();
   */
  static override<Builder>(builder: ModuleOverrides<Builder>, testing: QueueTestingOptions = {}): Builder {
    return builder.overrideModule(AffinityInstanceModule).useModule(InMemoryModule.with(testing));
  }
}

function queueModule(
  name: string | undefined,
  options: Provider[],
  imports: ModuleMetadata['imports'] = [],
  testing?: QueueTestingOptions,
): DynamicModule {
  const { providers, exports } = queueProviders(name);
  const testingOptions = testing === undefined ? [] : [{ provide: testingOptionsToken, useValue: testing }];
  return {
    module: AffinityQueueTestingModule,
    global: true,
    imports: [...imports, InMemoryLifecycleModule],
    providers: [...options, ...testingOptions, ...providers],
    exports: [...exports, ...(testing === undefined ? [] : [testingOptionsToken])],
  };
}
