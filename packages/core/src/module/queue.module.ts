import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import type { QueueFeatureOptions, QueueModuleOptions } from '../options/queue-module-options.js';
import {
  asyncOptionsProviders,
  type QueueFeatureAsyncOptions,
  type QueueModuleAsyncOptions,
} from './async-options.js';
import { AffinityLifecycleModule } from './lifecycle.module.js';
import { givenOptionsToken, queueProviders } from './providers.js';

/**
 * Forced-affinity task queues. Import it once with `forRoot` (or `forRootAsync`), and once with `forFeature` for every further
 * queue; the services of all of them can then be injected anywhere.
 *
 * @publicApi
 */
@Module({})
export class QueueModule {
  /**
   * The root queue. Everything can be left out: see {@link QueueModuleOptions} for the defaults and variables.
   *
   * The application does not start with invalid options ({@link InvalidOptionsError}), nor without a usable Redis
   * ({@link RedisUnavailableError}, {@link RedisAuthenticationError}, {@link RedisClusterNotSupportedError},
   * {@link EvictingRedisError}).
   *
   * @example
   * QueueModule.forRoot({ role: 'BOTH', workerOptions: { maxBatchSize: 10, workerCount: 1 } })
   */
  static forRoot(options: QueueModuleOptions = {}): DynamicModule {
    return queueModule(undefined, [{ provide: givenOptionsToken(), useValue: options }]);
  }

  /** The root queue, with options that other providers help to make. */
  static forRootAsync(options: QueueModuleAsyncOptions): DynamicModule {
    return queueModule(
      undefined,
      asyncOptionsProviders(givenOptionsToken(), options, 'forRootAsync'),
      options.imports,
    );
  }

  /**
   * A further queue, by a name of its own. What its options leave out comes from `forRoot`, except for the names in Redis,
   * which are derived from `name`.
   *
   * @throws {@link QueueNameConflictError} at start, when two queues have one name or one pending queue
   */
  static forFeature(options: QueueFeatureOptions): DynamicModule {
    const name = nameOf(options);
    return queueModule(name, [{ provide: givenOptionsToken(name), useValue: options }]);
  }

  /** A further queue, with options that other providers help to make. */
  static forFeatureAsync(options: QueueFeatureAsyncOptions): DynamicModule {
    const name = nameOf(options);
    const given = asyncOptionsProviders(givenOptionsToken(name), options, 'forFeatureAsync');
    return queueModule(name, given, options.imports);
  }
}

function queueModule(
  name: string | undefined,
  options: Provider[],
  imports: DynamicModule['imports'] = [],
): DynamicModule {
  const { providers, exports } = queueProviders(name);
  return {
    module: QueueModule,
    global: true,
    imports: [...imports, AffinityLifecycleModule],
    providers: [...options, ...providers],
    exports,
  };
}

/** A feature without a name gets tokens of its own all the same, so that its start can say what is wrong. */
export function nameOf(options: Partial<QueueFeatureOptions> | undefined): string {
  return typeof options?.name === 'string' ? options.name : '';
}
