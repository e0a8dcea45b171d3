/** The demo's comparison of what a run left behind with its input. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { drawPicture } from '../../../../tools/demo/picture/draw.mjs';
import { verify } from '../../../../tools/demo/verify.mjs';

const TAG = 'company-1';
const tasks = [
  task(1, 'process-data', { amount: 10.1 }),
  task(2, 'generate-invoice'),
  task(3, 'send-email'),
  task(4, 'process-data', { amount: 0.2 }),
];
const data = {
  tasks,
  taskIds: tasks.map(({ options }) => options.jobId),
  companies: new Map([[TAG, tasks]]),
};
const rightEntries = [
  { taskId: 't1', balance: 10.1 },
  { taskId: 't4', balance: 10.3 },
];

function task(sequence, type, payload = {}) {
  return { type, identifyTag: TAG, payload: { sequence, ...payload }, options: { jobId: `t${sequence}` } };
}

function runOf(overrides = {}) {
  const attempts = tasks.map(({ payload, options, type }) => ({
    ...{ taskId: options.jobId, type, tag: TAG, sequence: payload.sequence },
    ...{ worker: 'host-1', instance: '0', pid: 1, fencingToken: 1, outcome: 'completed' },
    ...{ startMs: payload.sequence * 10, endMs: payload.sequence * 10 + 5 },
  }));
  return {
    attempts,
    dead: new Set(),
    mail: new Map([['t3', 1]]),
    startedAtMs: 0,
    endedAtMs: 1_000,
    ...overrides,
  };
}

let folder;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'affinity-verify-'));
  await mkdir(join(folder, 'ledgers'));
  await mkdir(join(folder, 'invoices', TAG), { recursive: true });
  await writeFile(join(folder, 'invoices', TAG, 't2.pdf'), '');
  await writeLedger(rightEntries);
});
afterEach(() => rm(folder, { recursive: true }));

const writeLedger = (entries) =>
  writeFile(join(folder, 'ledgers', `${TAG}.json`), JSON.stringify({ entries }));

describe('verify', () => {
  it('finds nothing wrong with a run that went well', async () => {
    const report = await verify(runOf(), { data, folder, maxBatchSize: 4 });
    const {
      missing,
      unknown,
      repeats,
      overlaps,
      disorder,
      longBatches,
      wrongLedgers,
      missingInvoices,
      missingMails,
    } = report;
    expect(
      [
        missing,
        unknown,
        repeats,
        overlaps,
        disorder,
        longBatches,
        wrongLedgers,
        missingInvoices,
        missingMails,
      ].flat(),
    ).toEqual([]);
    expect(report).toMatchObject({
      total: 4,
      batches: 1,
      tasksPerSecond: 4,
      ledgers: 1,
      invoices: 1,
      mails: 1,
    });
  });

  it.each([
    ['a lost entry', rightEntries.slice(0, 1), 1],
    ['an entry that is booked twice', [...rightEntries, rightEntries[1]], 0],
    ['a swapped pair', [rightEntries[1], rightEntries[0]], 0],
    ['a wrong balance', [rightEntries[0], { taskId: 't4', balance: 10.31 }], 0],
  ])('finds %s', async (_what, entries, lost) => {
    await writeLedger(entries);
    const { wrongLedgers } = await verify(runOf(), { data, folder });
    expect(wrongLedgers).toEqual([{ tag: TAG, expected: 2, lost }]);
  });

  it('finds a missing ledger, invoice and mail', async () => {
    await rm(join(folder, 'ledgers'), { recursive: true });
    await rm(join(folder, 'invoices'), { recursive: true });
    const report = await verify(runOf({ mail: new Map() }), { data, folder });
    expect(report.wrongLedgers).toEqual([{ tag: TAG, expected: 2, lost: 2 }]);
    expect(report.missingInvoices).toHaveLength(1);
    expect(report.missingMails).toHaveLength(1);
  });
});

describe('drawPicture', () => {
  it('writes the run as SVG and PNG', async () => {
    const run = runOf({
      reigns: [{ instance: '0', fromMs: 0 }],
      failover: { killedAtMs: 20, takenOverAtMs: 30 },
    });
    const report = await verify(run, { data, folder });
    const files = await drawPicture(folder, { run, control: runOf(), report, controlReport: report, data });
    expect(files).toEqual([join(folder, 'run.png'), join(folder, 'run.svg')]);
    expect((await readFile(files[0])).subarray(1, 4).toString()).toBe('PNG');
    expect(await readFile(files[1], 'utf8')).toContain(`<title>${TAG}</title>`);
  });
});
