import { Module, type DynamicModule } from '@nestjs/common';
import { AffinityInstanceModule } from '../module/lifecycle.module.js';
import { QueueHealthIndicator } from './queue-health.indicator.js';
import type { QueueHealthOptions } from './queue-health-options.js';
import { healthOptionsToken, QueueHealthService } from './queue-health.service.js';
import { resolveHealthOptions } from './resolve-health-options.js';

/**
 * Health of all queues of the application: a plain service, and an indicator for terminus.
 *
 * @publicApi
 */
@Module({})
export class QueueHealthModule {
  /** @throws `InvalidOptionsError` @example QueueHealthModule.register({ maxTagWait: 60_000 }) */
  static register(options?: QueueHealthOptions): DynamicModule {
    return {
      module: QueueHealthModule,
      imports: [AffinityInstanceModule],
      providers: [
        { provide: healthOptionsToken, useValue: resolveHealthOptions(options) },
        QueueHealthService,
        QueueHealthIndicator,
      ],
      exports: [QueueHealthService, QueueHealthIndicator],
    };
  }
}
