import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger, type INestApplication, type Type } from '@nestjs/common';
import { QueueService } from '../../../src/index.js';
import { until } from '../../support/until.js';
import { databases, withEnvironment } from '../support/environment.js';
import { startRecipe } from '../support/recipe.js';
import { compileBlocks, type CompiledBlocks } from '../support/run-blocks.js';

/** A database whose writes the test can hold up or fail. */
class RecordingContacts {
  readonly steps: string[] = [];
  before: (step: string, signal: AbortSignal) => Promise<void> = async () => {};

  async upsert(_tenant: string, mails: readonly string[], signal: AbortSignal): Promise<void> {
    await this.before(mails[0]!, signal);
    this.steps.push(mails[0]!);
  }
}

const mails = Array.from({ length: 450 }, (_, index) => `m${index}`);
const task = { type: 'import-contacts', identifyTag: 'company-123', payload: { mails } };

let blocks: CompiledBlocks;

beforeAll(() => {
  Logger.overrideLogger(false);
  blocks = compileBlocks('docs/recipes/long-tasks.md');
});

afterAll(() => {
  blocks.remove();
});

async function start(contacts: RecordingContacts): Promise<INestApplication> {
  const { ImportModule } = await blocks.load<{ ImportModule: Type }>('import.module.js');
  const { Contacts } = await blocks.load<{ Contacts: Type }>('contact-import.js');
  return startRecipe(ImportModule, (builder) => builder.overrideProvider(Contacts).useValue(contacts));
}

describe('docs/recipes/long-tasks.md', () => {
  it('goes on at its checkpoint after a failed attempt', async () => {
    const { percentOf } = await blocks.load<{ percentOf(queue: QueueService, id: string): Promise<number> }>(
      'import-progress.js',
    );
    await withEnvironment({ database: databases.longTasks }, async () => {
      const contacts = new RecordingContacts();
      let failures = 1;
      contacts.before = async (step) => {
        if (step === 'm200' && failures-- > 0) throw new Error('the database is away');
      };
      const app = await start(contacts);
      try {
        const queue = app.get(QueueService);
        const job = await queue.add(task, { backoff: 300 });
        await until('it failed once', () => failures === 0);
        expect(await percentOf(queue, job.id!)).toBe(44);
        await expect(queue.waitUntilFinished(job, 10_000)).resolves.toEqual({ done: 450, total: 450 });
        expect(contacts.steps).toEqual(['m0', 'm100', 'm200', 'm300', 'm400']);
        expect(await percentOf(queue, job.id!)).toBe(100);
        expect((await queue.queue.getJobLogs(job.id!)).logs).toEqual(['attempt 2 goes on at 200']);
        await expect(percentOf(queue, 'unknown')).rejects.toThrow('no import unknown');
      } finally {
        await app.close();
      }
    });
  });

  it('goes on at its checkpoint in another instance when the first one stops', async () => {
    await withEnvironment({ database: databases.longTasks, SHUTDOWN_TIMEOUT: '100' }, async () => {
      const first = new RecordingContacts();
      let reachedStep: () => void;
      const reached = new Promise<void>((resolve) => (reachedStep = resolve));
      first.before = async (step, signal) => {
        if (step !== 'm300') return;
        reachedStep();
        await new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        );
      };
      const app = await start(first);
      const job = await app.get(QueueService).add(task, { attempts: 1 });
      await reached;
      await app.close();
      expect(first.steps).toEqual(['m0', 'm100', 'm200']);

      const second = new RecordingContacts();
      const successor = await start(second);
      try {
        const result = successor.get(QueueService).waitUntilFinished(job.id!, 10_000);
        await expect(result).resolves.toEqual({ done: 450, total: 450 });
        expect(second.steps).toEqual(['m300', 'm400']);
      } finally {
        await successor.close();
      }
    });
  });

  it('runs with the module as it stands', async () => {
    const { ImportModule } = await blocks.load<{ ImportModule: Type }>('import.module.js');
    await withEnvironment({ database: databases.longTasks }, async () => {
      const app = await startRecipe(ImportModule);
      try {
        const queue = app.get(QueueService);
        const job = await queue.add(task);
        await expect(queue.waitUntilFinished(job, 10_000)).resolves.toEqual({ done: 450, total: 450 });
      } finally {
        await app.close();
      }
    });
  });
});
