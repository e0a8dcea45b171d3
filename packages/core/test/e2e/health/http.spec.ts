import { Controller, Get, Inject, Module, ServiceUnavailableException } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { QueueHealthModule, QueueHealthService, type ApplicationHealth } from '../../../src/health/index.js';
import type { QueueRole } from '../../../src/index.js';
import { until } from '../../support/until.js';
import { closeWebApps, startWebApp, type WebAppOptions } from '../../support/web-app.js';
import { OwnRedis } from '../faults/support/own-redis.js';
import { clearStage, noiseMs, quickLeases, Scene } from '../faults/support/scene.js';

const timeout = 200;
const takeoverGrace = 100;
const { heartbeatTimeout } = quickLeases;

@Controller('health')
class HealthController {
  constructor(@Inject(QueueHealthService) private readonly queues: QueueHealthService) {}

  @Get()
  async ready(): Promise<ApplicationHealth> {
    const health = await this.queues.check();
    if (health.status === 'down') throw new ServiceUnavailableException(health);
    return health;
  }
}

@Module({
  imports: [QueueHealthModule.register({ timeout, takeoverGrace })],
  controllers: [HealthController],
})
class HealthModule {}

let own: OwnRedis;
beforeAll(async () => {
  own = await OwnRedis.start();
});
afterEach(async () => {
  await closeWebApps();
  await clearStage();
});
afterAll(() => own.close());

/** An application that answers `GET /health`. */
async function startHealth(
  { name }: Scene,
  adapter: NonNullable<WebAppOptions['adapter']>,
  role: QueueRole,
  redisUrl?: string,
) {
  const queueOptions = {
    role,
    electionOptions: quickLeases,
    ...(redisUrl !== undefined && { redisOptions: { url: redisUrl } }),
  };
  const web = await startWebApp({
    name,
    adapter,
    imports: [HealthModule],
    queueOptions,
    featureRole: 'BOTH',
  });
  const ask = async (): Promise<{ status: number; problems: readonly string[] }> => {
    const response = await fetch(`${web.url}/health`);
    const { queues } = (await response.json()) as ApplicationHealth;
    return { status: response.status, problems: queues[web.names.root]!.problems };
  };
  /** Asks again and again, as a load balancer does. @returns the answer that was the first of its kind */
  const flips = async (status: number, withinMs: number) => {
    const from = performance.now();
    const found = await until(
      `GET /health says ${status}`,
      async () => {
        const answer = await ask();
        return answer.status === status ? answer : undefined;
      },
      { timeoutMs: withinMs + noiseMs + 2_000 },
    );
    expect(performance.now() - from).toBeLessThan(withinMs + noiseMs);
    return found;
  };
  return { web, flips };
}

describe.each(['Express', 'Fastify'] as const)('GET /health on %s, within heartbeatTimeout', (adapter) => {
  it('flips when the leader is killed, and recovers with the next one', async () => {
    const scene = await Scene.open();
    const leader = await scene.startChild({ role: 'SCHEDULER' });
    await scene.untilLeader();
    const { flips } = await startHealth(scene, adapter, 'WORKER');
    await flips(200, heartbeatTimeout);
    await leader.kill();
    const { problems } = await flips(503, heartbeatTimeout + takeoverGrace);
    expect(problems).toEqual(['no-leader']);
    await scene.startChild({ role: 'SCHEDULER' });
    expect(await flips(200, heartbeatTimeout)).toEqual({ status: 200, problems: [] });
  });

  it('flips when Redis freezes, and recovers when it thaws', async () => {
    const scene = await Scene.open(own.url);
    const { flips } = await startHealth(scene, adapter, 'BOTH', own.url);
    await flips(200, heartbeatTimeout);
    own.freeze();
    try {
      expect((await flips(503, timeout)).problems).toContain('redis-unreachable');
    } finally {
      own.thaw();
    }
    expect(await flips(200, heartbeatTimeout + 3_000)).toEqual({ status: 200, problems: [] });
  });
});
