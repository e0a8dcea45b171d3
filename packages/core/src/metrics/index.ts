/**
 * Metrics of all queues for Prometheus, by prom-client. Guide: docs/metrics.md.
 *
 * @module nestjs-affinity-queue/metrics
 */
export { QueueMetricsModule } from './queue-metrics.module.js';
export { QueueMetricsService, type QueueMetricsOptions } from './queue-metrics.service.js';
export type { MetricName } from './metric-definitions.js';
