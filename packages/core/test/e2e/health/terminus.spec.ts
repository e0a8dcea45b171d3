import 'reflect-metadata';
import { Controller, Get, Inject, Module, ServiceUnavailableException } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { afterEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { QueueHealthIndicator, QueueHealthModule, QueueHealthService } from '../../../src/health/index.js';
import { ElectionService, InvalidOptionsError, QueueModule } from '../../../src/index.js';
import { quickElection } from '../../support/app.js';
import { testRedisUrl, uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

@Controller()
class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(QueueHealthIndicator) private readonly queues: QueueHealthIndicator,
    @Inject(QueueHealthService) private readonly plain: QueueHealthService,
  ) {}

  @Get('terminus')
  terminus() {
    return this.health.check([() => this.queues.isHealthy('queues')]);
  }

  @Get('plain')
  async check() {
    const health = await this.plain.check();
    if (health.status === 'down') throw new ServiceUnavailableException(health);
    return health;
  }
}

async function startApplication() {
  const name = uniqueName();
  const names = (part: string) => ({
    pendingQueueName: `${name}-${part}pending`,
    workerQueuePrefix: `${name}-${part}worker`,
    workerStatePrefix: `${name}-${part}state`,
  });
  @Module({
    imports: [
      // Before the queues: the order of imports does not matter.
      QueueHealthModule.register({ timeout: 500, takeoverGrace: 100 }),
      TerminusModule.forRoot({ logger: false }),
      QueueModule.forRoot({
        redisOptions: { url: testRedisUrl() },
        queueOptions: names(''),
        electionOptions: quickElection,
      }),
      QueueModule.forFeature({ name: 'other', role: 'WORKER', queueOptions: names('other-') }),
    ],
    controllers: [HealthController],
  })
  class AppModule {}
  const app = await NestFactory.create(AppModule, { logger: false });
  await app.init();
  closing.push(() => app.close());
  return { app, name, http: () => request(app.getHttpServer() as never) };
}

describe('an application with terminus', () => {
  it('has one indicator for all its queues, with the status that terminus knows', async () => {
    const { app, name, http } = await startApplication();
    await until('it leads', () => app.get(ElectionService).isLeader());
    // Nobody leads the other queue.
    const { body } = await http().get('/terminus').expect(503);
    expect(body).toMatchObject({
      status: 'error',
      error: {
        queues: {
          status: 'down',
          queues: {
            [`${name}-pending`]: { status: 'up' },
            [`${name}-other-pending`]: { status: 'down', problems: ['no-leader'] },
          },
        },
      },
    });
    const plain = await http().get('/plain').expect(503);
    expect(plain.body).toMatchObject({ status: 'down' });
  });

  it('says what is wrong with limits that are none', () => {
    const register = () =>
      QueueHealthModule.register({ timeout: 0, maxTagWait: { q: -1 }, checks: ['nope' as never] });
    expect(register).toThrow(InvalidOptionsError);
    expect(register).toThrow(/timeout[\s\S]*maxTagWait\.q[\s\S]*checks/);
  });
});
