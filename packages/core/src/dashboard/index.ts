/**
 * A page that shows what all queues do, live. Guide: docs/guides/dashboard.md.
 *
 * @module nestjs-affinity-queue/dashboard
 */
export { DashboardModule } from './dashboard.module.js';
export type {
  DashboardGuard,
  DashboardModuleAsyncOptions,
  DashboardModuleOptions,
  DashboardMount,
  DashboardSettings,
} from './dashboard-options.js';
