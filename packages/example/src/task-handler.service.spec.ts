import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigService } from '@nestjs/config';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { QueueService, WorkerService } from 'nestjs-affinity-queue';
import { AffinityQueueTesting, AffinityQueueTestingModule } from 'nestjs-affinity-queue/testing';
import { configOf, temporaryFolder } from '../test/support/handlers.js';
import { GenerateInvoiceHandler } from './handlers/generate-invoice.handler.js';
import { ProcessDataHandler, type Ledger } from './handlers/process-data.handler.js';
import { SendEmailHandler } from './handlers/send-email.handler.js';
import { RunLog } from './run-log/run-log.service.js';
import { TaskHandlerService } from './task-handler.service.js';

let folder: string;
let app: TestingModule;
let queue: QueueService;
let testing: AffinityQueueTesting;
const sendEmail = { handle: jest.fn<SendEmailHandler['handle']>() };
beforeEach(async () => {
  folder = await temporaryFolder();
  sendEmail.handle.mockReset();
  app = await Test.createTestingModule({
    imports: [AffinityQueueTestingModule.forRoot({ workerOptions: { workerCount: 3, maxBatchSize: 5 } })],
    providers: [
      TaskHandlerService,
      GenerateInvoiceHandler,
      ProcessDataHandler,
      RunLog,
      { provide: SendEmailHandler, useValue: sendEmail },
      { provide: ConfigService, useValue: configOf({ DATA_DIR: folder }) },
    ],
  }).compile();
  await app.init();
  queue = app.get(QueueService);
  testing = app.get(AffinityQueueTesting);
});
afterEach(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

const readLedger = async (company: string) =>
  JSON.parse(await readFile(join(folder, 'ledgers', `${company}.json`), 'utf8')) as Ledger;

describe('TaskHandlerService', () => {
  it('registers a handler for each type of task', () => {
    expect(app.get(WorkerService).registeredTypes).toEqual([
      'generate-invoice',
      'process-data',
      'send-email',
    ]);
  });

  it('gives a task to the handler of its type, with its context', async () => {
    sendEmail.handle.mockResolvedValue({ status: 'sent' });
    const payload = { to: 'user@example.com' };
    const job = await queue.add({ type: 'send-email', identifyTag: 'company-1', payload });
    await testing.runUntilIdle();
    expect(await queue.waitUntilFinished(job, 0)).toEqual({ status: 'sent' });
    expect(sendEmail.handle).toHaveBeenCalledTimes(1);
    const [given, run] = sendEmail.handle.mock.calls[0]!;
    expect(given).toEqual(payload);
    expect(run).toMatchObject({ identifyTag: 'company-1', attempt: 1, batchPosition: 1 });
    expect(run.job.id).toBe(job.id);
  });

  it('lets a mail that could not be sent be tried again after a second, and then two', async () => {
    const attempts: number[] = [];
    const from = testing.clock.nowMs();
    sendEmail.handle.mockImplementation(async (_payload, { attempt }) => {
      attempts.push(testing.clock.nowMs() - from);
      if (attempt < 3) throw new Error('the mail server is away');
      return { status: 'sent' };
    });
    const job = await queue.add({ type: 'send-email', identifyTag: 'company-1', payload: {} });
    await testing.runUntilIdle({ advance: true });
    expect(await queue.waitUntilFinished(job, 0)).toEqual({ status: 'sent' });
    expect(attempts).toEqual([0, 1_000, 3_000]);
  });

  it('books on the ledgers of several companies at the same time, and loses no entry', async () => {
    const amounts = Array.from({ length: 12 }, (_, n) => n + 1);
    await queue.addBulk(
      amounts.flatMap((amount) =>
        ['a', 'b', 'c', 'd'].map((identifyTag) => ({
          type: 'process-data',
          identifyTag,
          payload: { amount, sequence: amount, confirmationMs: 1 },
        })),
      ),
    );
    await testing.runUntilIdle();
    for (const company of ['a', 'b', 'c', 'd']) {
      const { balance, entries } = await readLedger(company);
      expect(balance).toBe(78);
      expect(entries.map(({ sequence }) => sequence)).toEqual(amounts);
    }
  });

  it('notes every run', async () => {
    const job = await queue.add({
      type: 'process-data',
      identifyTag: 'a',
      payload: { amount: 1, sequence: 7 },
    });
    await testing.runUntilIdle();
    const file = join(folder, 'run-log', `${process.pid}-${process.pid}.jsonl`);
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    const about = { taskId: job.id, type: 'process-data', tag: 'a', sequence: 7, attempt: 1 };
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'started', ...about },
      { event: 'ended', outcome: 'completed', ...about },
    ]);
  });
});
