export { DashboardModule } from './dashboard.module.js';
export type {
  DashboardGuard,
  DashboardModuleAsyncOptions,
  DashboardModuleOptions,
  DashboardMount,
  DashboardSettings,
} from './dashboard-options.js';
