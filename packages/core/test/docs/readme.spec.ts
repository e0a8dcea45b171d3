import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import type { Subscription } from 'rxjs';
import { ElectionService, QueueService, getQueueServiceToken, type TaskContext } from '../../src/index.js';
import { QueueHealthService, type ApplicationHealth } from '../../src/health/index.js';
import { resolveHealthOptions } from '../../src/health/resolve-health-options.js';
import { AffinityInstance } from '../../src/module/affinity-instance.js';
import { testRedisUrl } from '../support/redis.js';
import { until } from '../support/until.js';
import { databases, withEnvironment } from './support/environment.js';
import { compileBlocks, type CompiledBlocks } from './support/run-blocks.js';

const documents = {
  readme: 'README.md',
  election: 'ELECTION.md',
  options: 'docs/reference/options.md',
  events: 'docs/reference/events.md',
  bullmq: 'docs/reference/bullmq.md',
  tasks: 'docs/guides/tasks.md',
  atLeastOnce: 'docs/guides/at-least-once.md',
  deployment: 'docs/guides/deployment.md',
  health: 'docs/guides/health.md',
} as const;
const compiled = {} as Record<keyof typeof documents, CompiledBlocks>;

beforeAll(() => {
  Logger.overrideLogger(false);
  for (const [name, file] of Object.entries(documents)) {
    compiled[name as keyof typeof documents] = compileBlocks(file);
  }
});

afterAll(() => {
  for (const blocks of Object.values(compiled)) blocks.remove();
});

afterEach(() => {
  jest.restoreAllMocks();
});

/** Runs an application that a document shows. */
async function withApplication<T>(
  module: Type,
  database: number,
  run: (app: INestApplicationContext) => Promise<T>,
): Promise<T> {
  return withEnvironment({ database, QUEUE_REDIS_URL: `${testRedisUrl()}/${database}` }, async () => {
    const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    try {
      return await run(app);
    } finally {
      await app.close();
    }
  });
}

describe('the quick start', () => {
  it('prints what the README says', async () => {
    const printed: unknown[] = [];
    jest.spyOn(console, 'log').mockImplementation((value: unknown) => void printed.push(value));
    await withEnvironment({ database: databases.quickStart }, async () => {
      await compiled.readme.load('main.js');
      await until('all of it is printed', () => printed.length >= 6);
    });
    const mails = ['ann', 'bob', 'eve'].map(
      (name, index) => `company-123: mail to ${name}@example.com, number ${index + 1} of its batch`,
    );
    expect(printed.filter((line) => typeof line === 'string')).toEqual(mails);
    expect(printed.filter((line) => typeof line !== 'string')).toEqual(Array(3).fill({ status: 'sent' }));
  });
});

describe('the samples of the documents', () => {
  it('two queues, a tenant, a health check, alerts and gauges work as described', async () => {
    interface Reports {
      request(company: string, year: number, urgent: boolean): Promise<string | undefined>;
    }
    interface Tenant {
      describeTenant(queue: QueueService, tenant: string): Promise<string>;
      addOnce(queue: QueueService, tenant: string, invoice: string): Promise<void>;
    }
    interface Alerts {
      alertOnTrouble(queue: QueueService, alert: (text: string) => void): Subscription;
    }
    type Health = Type<{ ready(): Promise<ApplicationHealth> }>;
    interface Gauges {
      readGauges(queue: QueueService, election: ElectionService): Promise<Record<string, number>>;
    }
    const { TwoQueuesModule, Reports } =
      await compiled.options.load<Record<string, Type>>('two-queues.module.js');
    const { describeTenant, addOnce } = await compiled.tasks.load<Tenant>('stuck-tenant.js');
    const { alertOnTrouble } = await compiled.events.load<Alerts>('alerts.js');
    const { HealthController } = await compiled.health.load<{ HealthController: Health }>('health.module.js');
    const { readGauges } = await compiled.election.load<Gauges>('queue-gauges.js');

    await withApplication(TwoQueuesModule!, databases.readme, async (app) => {
      const queue = app.get(QueueService);
      const urgentQueue = app.get<QueueService>(getQueueServiceToken('urgent'));
      const reports = app.get<Reports>(Reports!);
      const [plain, urgent] = [
        await reports.request('c-1', 2024, false),
        await reports.request('c-1', 2025, true),
      ];
      await expect(queue.waitUntilFinished(plain!, 10_000)).resolves.toEqual({ pages: 4 });
      await expect(urgentQueue.waitUntilFinished(urgent!, 10_000)).resolves.toEqual({ pages: 5 });
      expect([queue, urgentQueue].map(({ queue: { name } }) => name)).toEqual([
        'pending-tasks',
        'urgent-pending-tasks',
      ]);

      const elections = app.get(ElectionService);
      const queues = new QueueHealthService(app.get(AffinityInstance), resolveHealthOptions());
      expect(await new HealthController(queues).ready()).toMatchObject({
        status: 'up',
        queues: { 'pending-tasks': { leader: { nodeId: elections.nodeId }, nodeId: elections.nodeId } },
      });
      expect(await readGauges(queue, elections)).toMatchObject({ has_leader: 1, is_leader: 1, workers: 1 });

      await queue.pauseTag('c-2');
      await addOnce(queue, 'c-2', 'invoice-1');
      await addOnce(queue, 'c-2', 'invoice-1');
      await until('it is taken in', async () => (await queue.getTagStats('c-2')).waiting > 0);
      expect(await describeTenant(queue, 'c-2')).toBe('c-2 is paused, 1 tasks wait');
      await expect(addOnce(queue, '', 'invoice-2')).rejects.toThrow(TypeError);

      const alerts: string[] = [];
      const subscription = alertOnTrouble(queue, (text) => alerts.push(text));
      const unknown = { type: 'unknown', identifyTag: 'c-3', payload: null };
      // An event is seen from when the subscription's connection is there: a task fails until one is.
      await until('an alert', async () => {
        const job = await queue.add(unknown, { attempts: 1 });
        await until('it failed', () => job.isFailed());
        return alerts.length > 0;
      });
      subscription.unsubscribe();
      expect(JSON.parse(alerts[0]!)).toMatchObject({
        type: 'failed',
        failedReason: expect.stringContaining('unknown'),
      });
    });
  });

  it('another producer adds a task', async () => {
    interface Producer {
      addFromElsewhere(redisUrl: string): Promise<string | undefined>;
    }
    const { AppModule } = await compiled.readme.load<Record<string, Type>>('app.module.js');
    const { addFromElsewhere } = await compiled.bullmq.load<Producer>('other-producer.js');
    jest.spyOn(console, 'log').mockImplementation(() => undefined);
    await withApplication(AppModule!, databases.readme, async (app) => {
      const id = await addFromElsewhere(process.env.REDIS_URL!);
      await expect(app.get(QueueService).waitUntilFinished(id!, 10_000)).resolves.toEqual({ status: 'sent' });
    });
  });

  it('the modules of options start', async () => {
    const modules = [
      await compiled.options.load<Record<string, Type>>('queue.module.js'),
      await compiled.tasks.load<Record<string, Type>>('shared-tag.module.js'),
      await compiled.deployment.load<Record<string, Type>>('application-a.module.js'),
      await compiled.election.load<Record<string, Type>>('election.module.js'),
    ].flatMap((exported) => Object.values(exported));
    expect(modules.map(({ name }) => name)).toEqual([
      'QueuesModule',
      'SharedTagModule',
      'ApplicationAModule',
      'ElectionModule',
    ]);
    const redis = new Redis(`${testRedisUrl()}/${databases.options}`);
    for (const module of modules) {
      await withApplication(module, databases.options, async (app) => {
        await until('it leads', () => app.get(ElectionService).isLeader());
        const workers = await app.get(QueueService).getWorkers();
        expect(workers).toHaveLength(module.name === 'QueuesModule' ? 4 : 1);
        const lock = module.name === 'ApplicationAModule' ? 'scheduler:app-a-pending-tasks:' : 'scheduler:';
        expect(await redis.exists(`${lock}election:lock`)).toBe(1);
      });
    }
    redis.disconnect();
  });

  it('a store refuses a lower fencing token', async () => {
    interface Ledger {
      setBalance(database: unknown, balance: number, context: TaskContext): Promise<void>;
    }
    const { setBalance } = await compiled.atLeastOnce.load<Ledger>('ledger.js');
    const ledger = { balance: 0, token: 0 };
    const database = {
      query: async (_sql: string, [balance, token]: number[]) => {
        if (ledger.token > token!) return { rowCount: 0 };
        Object.assign(ledger, { balance, token });
        return { rowCount: 1 };
      },
    };
    const context = (fencingToken: number) => ({ fencingToken, identifyTag: 'c' }) as TaskContext;
    await setBalance(database, 10, context(2));
    await setBalance(database, 20, context(2));
    await expect(setBalance(database, 30, context(1))).rejects.toThrow('a later worker');
    expect(ledger).toEqual({ balance: 20, token: 2 });
  });

  it('something runs on the leader only', async () => {
    interface LeaderOnly {
      onModuleDestroy(): void;
    }
    const { SharedTagModule } = await compiled.tasks.load<Record<string, Type>>('shared-tag.module.js');
    const { LeaderOnly } = await compiled.election.load<{ LeaderOnly: Type<LeaderOnly> }>('leader-only.js');
    await withApplication(SharedTagModule!, databases.readme, async (app) => {
      const service = app.get(ElectionService);
      await until('it leads', () => service.isLeader());
      const timers = jest.spyOn(globalThis, 'setInterval');
      const only = new LeaderOnly(service);
      expect(timers).toHaveBeenCalledWith(expect.any(Function), 60_000);
      only.onModuleDestroy();
    });
  });
});
