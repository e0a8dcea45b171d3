import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger, type Type } from '@nestjs/common';
import { QueueService, TaskFailedError, WorkerService } from '../../../src/index.js';
import { databases } from '../support/environment.js';
import { withRecipe } from '../support/recipe.js';
import { compileBlocks, type CompiledBlocks } from '../support/run-blocks.js';

interface YearlyReports {
  buildReports(queue: QueueService, report: string, companies: readonly string[]): Promise<unknown>;
}
interface ReportFlow {
  addReportFlow(report: string, companies: readonly string[]): Promise<string>;
}

let blocks: CompiledBlocks;

beforeAll(() => {
  Logger.overrideLogger(false);
  blocks = compileBlocks('docs/recipes/fan-out.md');
});

afterAll(() => {
  blocks.remove();
});

async function withReports(
  run: (queue: QueueService, workers: WorkerService) => Promise<void>,
): Promise<void> {
  const { ReportsModule } = await blocks.load<{ ReportsModule: Type }>('reports.module.js');
  await withRecipe(ReportsModule, { database: databases.fanOut }, (app) =>
    run(app.get(QueueService), app.get(WorkerService)),
  );
}

describe('docs/recipes/fan-out.md', () => {
  it('adds many, waits for all, and adds none twice', async () => {
    const { buildReports } = await blocks.load<YearlyReports>('yearly-reports.js');
    await withReports(async (queue) => {
      const companies = ['ann', 'bobby', 'closed-company', 'carol'];
      const expected = { pages: 3 + 5 + 5, failed: ['closed-company'] };
      expect(await buildReports(queue, 'year-2025', companies)).toEqual(expected);
      const { completed, failed } = await queue.getQueueStats();
      expect(await buildReports(queue, 'year-2025', companies)).toEqual(expected);
      expect(await queue.getQueueStats()).toMatchObject({ completed, failed });
    });
  });

  it('a parent waits for its children without a worker', async () => {
    const { addReportFlow } = await blocks.load<ReportFlow>('report-flow.js');
    await withReports(async (queue) => {
      const id = await addReportFlow('year-2024', ['ann', 'bobby', 'carol']);
      const merged = { report: 'year-2024', parts: 3, pages: 13 };
      await expect(queue.waitUntilFinished(id, 15_000)).resolves.toEqual(merged);
    });
  });

  it('a handler that waits for a task of its own tag waits in vain', async () => {
    await withReports(async (queue, workers) => {
      workers.registerHandler('part', () => 'done');
      workers.registerHandler('whole', async () => {
        const part = await queue.add({ type: 'part', identifyTag: 'company', payload: null });
        return queue.waitUntilFinished(part, 300);
      });
      const job = await queue.add({ type: 'whole', identifyTag: 'company', payload: null });
      const error: unknown = await queue.waitUntilFinished(job, 10_000).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TaskFailedError);
      expect((error as Error).message).toContain('300 ms');
    });
  });
});
