/**
 * Metrics of all queues for Prometheus, by prom-client. Guide: docs/guides/metrics.md.
 *
 * @module nestjs-affinity-queue/metrics
 */
export { QueueMetricsModule } from './queue-metrics.module.js';
export type { QueueMetricsOptions } from './queue-metrics-options.js';
export { QueueMetricsService } from './queue-metrics.service.js';
export type { MetricName } from './metric-definitions.js';
