import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Settings } from '../settings.js';
import { processDataPayload } from '../tasks/task.schema.js';
import { fileNameOf } from './file-names.js';
import { replaceFile } from './replace-file.js';
import { taskIdOf, type TaskHandler, type TaskRun } from './task-handler.js';

export interface LedgerEntry {
  taskId: string;
  sequence: number | null;
  account: string;
  amount: number;
  balance: number;
}

export interface Ledger {
  company: string;
  balance: number;
  entries: LedgerEntry[];
}

/**
 * Books an amount in the company's ledger file: reads it, waits for the bank, writes it back.
 *
 * There is deliberately no lock of any kind. Two of these at the same time on one ledger lose an entry; it stays right
 * only because the queue runs the tasks of one company one after the other.
 *
 * Tasks run at least once, so an entry carries its task's id: one that is already booked is not booked again.
 */
@Injectable()
export class ProcessDataHandler implements TaskHandler {
  private readonly folder: string;

  constructor(config: ConfigService<Settings, true>) {
    this.folder = join(config.get('DATA_DIR', { infer: true }), 'ledgers');
  }

  async handle(payload: unknown, run: TaskRun): Promise<unknown> {
    const { sequence, account, amount, confirmationMs } = processDataPayload.parse(payload);
    const taskId = taskIdOf(run);
    const path = join(this.folder, `${fileNameOf(run.identifyTag)}.json`);

    const ledger = await readLedger(path, run.identifyTag);
    const booked = ledger.entries.find((entry) => entry.taskId === taskId);
    if (booked) return { status: 'completed', processId: `PROC-${taskId}`, balance: booked.balance };

    await wait(confirmationMs, undefined, { signal: run.signal });

    // Amounts are whole cents in sum, whatever floating point makes of them.
    const balance = Math.round((ledger.balance + amount) * 100) / 100;
    const entry = { taskId, sequence: sequence ?? null, account, amount, balance };
    run.signal.throwIfAborted();
    await replaceFile(
      path,
      JSON.stringify({ ...ledger, balance, entries: [...ledger.entries, entry] }, null, 1),
    );
    return { status: 'completed', processId: `PROC-${taskId}`, balance };
  }
}

async function readLedger(path: string, company: string): Promise<Ledger> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Ledger;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { company, balance: 0, entries: [] };
  }
}
