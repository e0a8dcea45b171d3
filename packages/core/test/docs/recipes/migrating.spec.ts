import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger, type Type } from '@nestjs/common';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { QueueService } from '../../../src/index.js';
import { uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';
import { databases, withEnvironment } from '../support/environment.js';
import { startRecipe, withRecipe } from '../support/recipe.js';
import { compileBlocks, type CompiledBlocks } from '../support/run-blocks.js';

interface Mails {
  welcome(company: string, to: string): Promise<string>;
}
interface MoveMails {
  moveMails(from: Queue, to: QueueService): Promise<number>;
}

const file = 'docs/recipes/migrating-from-nestjs-bullmq.md';
let blocks: CompiledBlocks;

beforeAll(() => {
  Logger.overrideLogger(false);
  blocks = compileBlocks(file);
});

afterAll(() => {
  blocks.remove();
});

async function withOldQueue(url: string, run: (old: Queue) => Promise<void>): Promise<void> {
  const old = new Queue(uniqueName('mails'), { connection: { url } });
  try {
    await run(old);
  } finally {
    await old.obliterate({ force: true });
    await old.close();
  }
}

const environment = { database: databases.migrating };

describe(file, () => {
  it('the module of before does what the one of after does', async () => {
    await withEnvironment(environment, async (url) => {
      // It reads its environment when it is loaded.
      const { MailsBeforeModule, MailsBefore } =
        await blocks.load<Record<string, Type>>('mails-before.module.js');
      const old = new Queue('mails', { connection: { url } });
      const app = await startRecipe(MailsBeforeModule!);
      const id = await app.get<Mails>(MailsBefore!).welcome('company-123', 'ann@example.com');
      await until('it was sent', async () => (await old.getJob(id))?.returnvalue as unknown);
      expect((await old.getJob(id))?.returnvalue).toEqual({ sent: 'ann@example.com' });
      await app.close();
      await old.close();
    });

    const { MailsAfterModule, MailsAfter } = await blocks.load<Record<string, Type>>('mails-after.module.js');
    await withRecipe(MailsAfterModule!, environment, async (app) => {
      const queue = app.get(QueueService);
      const id = await app.get<Mails>(MailsAfter!).welcome('company-123', 'ann@example.com');
      await expect(queue.waitUntilFinished(id, 10_000)).resolves.toEqual({ sent: 'ann@example.com' });
      expect(await queue.getJob(id)).toMatchObject({ progress: 50, opts: { attempts: 3 } });
    });
  });

  it('moves all jobs in their order, keeps delays and attempts, and loses none when it is interrupted', async () => {
    const { moveMails } = await blocks.load<MoveMails>('move-mails.js');
    const { MailsAfterModule } = await blocks.load<{ MailsAfterModule: Type }>('mails-after.module.js');
    await withRecipe(MailsAfterModule, environment, async (app) => {
      const queue = app.get(QueueService);
      await queue.pause();
      await withOldQueue(process.env.REDIS_URL!, async (old) => {
        const mail = (index: number) => ({
          name: 'welcome',
          data: { company: 'company-123', to: String(index) },
          opts: { attempts: 5, backoff: { type: 'fixed', delay: 10 } },
        });
        const jobs = await old.addBulk(Array.from({ length: 120 }, (_, index) => mail(index)));
        const later = await old.add('welcome', { company: 'company-123', to: 'later' }, { delay: 3_600_000 });
        const bad = await old.add('welcome', { to: 'nobody' });

        // A move that ended between `add` and `remove` of the first job.
        const payload = { to: '0' };
        const stored = { type: 'welcome', identifyTag: 'company-123', payload };
        await queue.add(stored, {
          jobId: `moved-${jobs[0]!.id}`,
          attempts: 5,
          backoff: { type: 'fixed', delay: 10 },
        });
        // It stops at the job that cannot be moved, which is the last one.
        await expect(moveMails(old, queue)).rejects.toThrow('a welcome without a company');
        await bad.remove();
        await moveMails(old, queue);
        expect(await old.getJobCounts()).toMatchObject({ waiting: 0, delayed: 0, prioritized: 0 });

        const delayed = await queue.getJob(`moved-${later.id}`);
        expect(await delayed?.getState()).toBe('delayed');
        expect(delayed!.delay).toBeGreaterThan(3_500_000);
        expect((await queue.getJob(`moved-${jobs[0]!.id}`))?.opts).toMatchObject({
          attempts: 5,
          backoff: { type: 'fixed', delay: 10 },
        });
        expect((await queue.getQueueStats()).waiting).toBe(120);
        await queue.resume();
        const order: { index: number; start: number }[] = [];
        for (const [index, job] of jobs.entries()) {
          await queue.waitUntilFinished(`moved-${job.id}`, 20_000);
          order.push({ index, start: (await queue.getJob(`moved-${job.id}`))!.processedOn! });
        }
        const starts = order.map(({ start }) => start);
        expect(starts).toEqual([...starts].sort((a, b) => a - b));
        await queue.remove(`moved-${later.id}`);
      });
    });
  });

  it('refuses while jobs run', async () => {
    const { moveMails } = await blocks.load<MoveMails>('move-mails.js');
    const { MailsAfterModule } = await blocks.load<{ MailsAfterModule: Type }>('mails-after.module.js');
    await withRecipe(MailsAfterModule, environment, async (app) => {
      await withOldQueue(process.env.REDIS_URL!, async (old) => {
        const job = await old.add('welcome', { company: 'company-123', to: 'a' });
        const client = new Redis(process.env.REDIS_URL!);
        await client.lmove(old.toKey('wait'), old.toKey('active'), 'RIGHT', 'LEFT');
        await expect(moveMails(old, app.get(QueueService))).rejects.toThrow('jobs are running');
        client.disconnect();
        expect(await old.getJob(job.id!)).toBeDefined();
      });
    });
  });
});
