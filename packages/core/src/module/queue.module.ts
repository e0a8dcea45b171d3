import { Module, type DynamicModule, type InjectionToken, type Provider } from '@nestjs/common';
import type { QueueFeatureOptions, QueueModuleOptions } from '../options/queue-module-options.js';
import { AffinityInstance } from './affinity-instance.js';
import {
  asyncOptionsProviders,
  type QueueFeatureAsyncOptions,
  type QueueModuleAsyncOptions,
} from './async-options.js';
import { givenOptionsToken, queueProviders, rootExports } from './providers.js';

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
    return rootModule([{ provide: givenOptionsToken(), useValue: options }]);
  }

  /** The root queue, with options that other providers help to make. */
  static forRootAsync(options: QueueModuleAsyncOptions): DynamicModule {
    return rootModule(asyncOptionsProviders(givenOptionsToken(), options), options.imports);
  }

  /**
   * A further queue, by a name of its own. What its options leave out comes from `forRoot`, except for the names in Redis,
   * which are derived from `name`.
   *
   * @throws {@link QueueNameConflictError} at start, when two queues have one name or one pending queue
   */
  static forFeature(options: QueueFeatureOptions): DynamicModule {
    const { name, ...rest } = options;
    return featureModule(name, [{ provide: givenOptionsToken(name), useValue: rest }]);
  }

  /** A further queue, with options that other providers help to make. */
  static forFeatureAsync(options: QueueFeatureAsyncOptions): DynamicModule {
    const { name } = options;
    return featureModule(name, asyncOptionsProviders(givenOptionsToken(name), options), options.imports);
  }
}

function rootModule(options: Provider[], imports: DynamicModule['imports'] = []): DynamicModule {
  const { providers, exports } = queueProviders();
  return {
    module: QueueModule,
    global: true,
    imports,
    providers: [...options, AffinityInstance, ...providers],
    exports: [...exports.map(tokenOf), ...rootExports],
  };
}

function featureModule(name: string, options: Provider[], imports: DynamicModule['imports'] = []): DynamicModule {
  const { providers, exports } = queueProviders(name);
  return {
    module: QueueModule,
    global: true,
    imports,
    providers: [...options, ...providers],
    exports: exports.map(tokenOf),
  };
}

function tokenOf(provider: Provider): InjectionToken {
  return typeof provider === 'function' ? provider : provider.provide;
}
