/**
 * Whether the queues work, with terminus or without. Guide: docs/guides/health.md.
 *
 * @module nestjs-affinity-queue/health
 */
export { QueueHealthModule } from './queue-health.module.js';
export { QueueHealthService } from './queue-health.service.js';
export { QueueHealthIndicator, type QueueHealthResult } from './queue-health.indicator.js';
export type { QueueHealthOptions } from './queue-health-options.js';
export {
  healthChecks,
  type ApplicationHealth,
  type HealthCheckName,
  type HealthProblem,
  type HealthStatus,
  type LeaderHealth,
  type QueueHealth,
} from './queue-health.js';
