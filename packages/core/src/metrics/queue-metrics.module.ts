import { Module, type DynamicModule } from '@nestjs/common';
import { AffinityInstanceModule } from '../module/lifecycle.module.js';
import type { QueueMetricsOptions } from './queue-metrics-options.js';
import { metricsOptionsToken, QueueMetricsService } from './queue-metrics.service.js';
import { resolveMetricsOptions } from './resolve-metrics-options.js';

/**
 * Metrics of all queues of the application, for Prometheus.
 *
 * @example
 * imports: [QueueModule.forRoot(), QueueMetricsModule.register()]
 * @publicApi
 */
@Module({})
export class QueueMetricsModule {
  /** @throws `InvalidOptionsError` */
  static register(options: QueueMetricsOptions = {}): DynamicModule {
    return {
      module: QueueMetricsModule,
      imports: [AffinityInstanceModule],
      providers: [
        { provide: metricsOptionsToken, useValue: resolveMetricsOptions(options) },
        QueueMetricsService,
      ],
      exports: [QueueMetricsService],
    };
  }
}
