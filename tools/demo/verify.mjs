import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toBatches } from '../scenarios/support/attempts.mjs';
import {
  findDisorder,
  findLongBatches,
  findMissing,
  findOverlaps,
  findReRuns,
  findRepeats,
  findUnknown,
} from '../scenarios/support/checks.mjs';

/**
 * Compares what a run left behind with its input: run logs, ledgers, invoices, mail.
 *
 * @param {import('./affinity-run.mjs').Run} run
 * @param {{ data: import('./data-set.mjs').DataSet, folder: string, maxBatchSize?: number }} options
 */
export async function verify(run, { data, folder, maxBatchSize = Infinity }) {
  const { attempts, dead, mail, startedAtMs, endedAtMs } = run;
  const seconds = (endedAtMs - startedAtMs) / 1_000;
  const batches = toBatches(attempts);
  const idsOf = (type) => data.tasks.filter((task) => task.type === type);
  return {
    total: data.tasks.length,
    seconds,
    tasksPerSecond: data.tasks.length / seconds,
    missing: findMissing(data.taskIds, attempts),
    unknown: findUnknown(data.taskIds, attempts),
    repeats: findRepeats(attempts, dead),
    reRuns: findReRuns(attempts, dead),
    overlaps: findOverlaps(attempts),
    disorder: findDisorder(attempts, dead),
    batches: batches.length,
    longBatches: findLongBatches(attempts, maxBatchSize),
    ledgers: data.companies.size,
    wrongLedgers: await findWrongLedgers(data.companies, folder),
    invoices: idsOf('generate-invoice').length,
    missingInvoices: findMissingInvoices(idsOf('generate-invoice'), folder),
    mails: idsOf('send-email').length,
    missingMails: idsOf('send-email').filter(({ options }) => !mail.has(options.jobId)),
  };
}

/**
 * A ledger is right when it holds exactly its company's entries, in the order of the input, each with the balance
 * that follows. A task may have run twice: its entry carries its id and is booked once, so this holds all the same.
 */
async function findWrongLedgers(companies, folder) {
  const wrong = [];
  for (const [tag, tasks] of companies) {
    const expected = expectedEntries(tasks);
    const path = join(folder, 'ledgers', `${tag}.json`);
    const entries = existsSync(path) ? JSON.parse(await readFile(path, 'utf8')).entries : [];
    const same =
      entries.length === expected.length &&
      expected.every(
        ({ taskId, balance }, n) => entries[n].taskId === taskId && entries[n].balance === balance,
      );
    if (!same) wrong.push({ tag, expected: expected.length, lost: lostEntries(expected, entries) });
  }
  return wrong;
}

function expectedEntries(tasks) {
  let balance = 0;
  return tasks
    .filter(({ type }) => type === 'process-data')
    .map(({ payload, options }) => {
      balance = Math.round((balance + payload.amount) * 100) / 100;
      return { taskId: options.jobId, balance };
    });
}

function lostEntries(expected, entries) {
  const booked = new Set(entries.map(({ taskId }) => taskId));
  return expected.filter(({ taskId }) => !booked.has(taskId)).length;
}

function findMissingInvoices(tasks, folder) {
  return tasks.filter(
    ({ identifyTag, options }) => !existsSync(join(folder, 'invoices', identifyTag, `${options.jobId}.pdf`)),
  );
}
