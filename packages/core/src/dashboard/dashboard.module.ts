import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { AffinityInstanceModule } from '../module/lifecycle.module.js';
import { dashboardController } from './dashboard.controller.js';
import {
  resolveMount,
  resolveSettings,
  type DashboardModuleAsyncOptions,
  type DashboardModuleOptions,
  type DashboardMount,
} from './dashboard-options.js';
import { DashboardService, dashboardSettingsToken } from './dashboard.service.js';

/**
 * A page that shows what all queues of the application do, live. It needs an HTTP application, on Express or Fastify; guide:
 * docs/guides/dashboard.md.
 *
 * @publicApi
 */
@Module({})
export class DashboardModule {
  /**
   * @throws `InvalidOptionsError` also where there is no guard and `allowUnguarded` does not say that there need be none
   * @example
   * DashboardModule.register({ path: '/queues', guard: OperatorGuard, readOnly: false })
   */
  static register(options: DashboardModuleOptions = {}): DynamicModule {
    return mounted(options, { provide: dashboardSettingsToken, useValue: resolveSettings(options) });
  }

  /** As {@link register}, with settings that other providers help to make. @throws `InvalidOptionsError` */
  static registerAsync(options: DashboardModuleAsyncOptions): DynamicModule {
    const { useFactory, inject = [] } = options;
    return mounted(options, {
      provide: dashboardSettingsToken,
      useFactory: async (...args: unknown[]) => resolveSettings(await useFactory(...args)),
      inject,
    });
  }
}

function mounted(mount: DashboardMount, settings: Provider): DynamicModule {
  const { path, guards, imports } = resolveMount(mount);
  return {
    module: DashboardModule,
    imports: [...imports, AffinityInstanceModule],
    controllers: [dashboardController({ path, guards })],
    providers: [settings, DashboardService],
  };
}
