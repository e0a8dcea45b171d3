export { QueueMetricsModule } from './queue-metrics.module.js';
export { QueueMetricsService, type QueueMetricsOptions } from './queue-metrics.service.js';
export type { MetricName } from './metric-definitions.js';
