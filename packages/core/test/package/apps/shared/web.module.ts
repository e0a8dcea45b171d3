import { Controller, Get, Header, Module, ServiceUnavailableException, type Type } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { QueueModule } from 'nestjs-affinity-queue';
import { DashboardModule, type DashboardModuleOptions } from 'nestjs-affinity-queue/dashboard';
import { QueueHealthIndicator, QueueHealthModule, QueueHealthService } from 'nestjs-affinity-queue/health';
import { HistoryModule } from 'nestjs-affinity-queue/history';
import { QueueMetricsModule, QueueMetricsService } from 'nestjs-affinity-queue/metrics';

@Controller()
class OperationsController {
  constructor(
    private readonly plain: QueueHealthService,
    private readonly terminus: HealthCheckService,
    private readonly indicator: QueueHealthIndicator,
    private readonly metrics: QueueMetricsService,
  ) {}

  @Get('health')
  async check() {
    const health = await this.plain.check();
    if (health.status === 'down') throw new ServiceUnavailableException(health);
    return health;
  }

  @Get('terminus')
  @HealthCheck()
  ask() {
    return this.terminus.check([() => this.indicator.isHealthy('queues')]);
  }

  @Get('metrics')
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  scrape(): Promise<string> {
    return this.metrics.metrics();
  }
}

/** A web application with everything that can be mounted. */
export function webModule(historyFolder: string): Type {
  const dashboard: DashboardModuleOptions = { guard: { canActivate: () => true }, title: 'Packed' };

  @Module({
    imports: [
      QueueModule.forRoot({ locale: 'en' }),
      TerminusModule.forRoot({ logger: false }),
      QueueHealthModule.register({ takeoverGrace: 10_000 }),
      QueueMetricsModule.register(),
      DashboardModule.register(dashboard),
      HistoryModule.forRoot({ folder: historyFolder }),
    ],
    controllers: [OperationsController],
  })
  class WebModule {}

  return WebModule;
}
