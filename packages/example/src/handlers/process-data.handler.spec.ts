import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { configOf, runOf, temporaryFolder } from '../../test/support/handlers.js';
import { ProcessDataHandler, type Ledger } from './process-data.handler.js';

let folder: string;
let handler: ProcessDataHandler;
beforeEach(async () => {
  folder = await temporaryFolder();
  handler = new ProcessDataHandler(configOf({ DATA_DIR: folder }));
});
afterEach(() => rm(folder, { recursive: true }));

const readLedger = async () =>
  JSON.parse(await readFile(join(folder, 'ledgers', 'company-1.json'), 'utf8')) as Ledger;

describe('ProcessDataHandler', () => {
  it('books one entry after the other', async () => {
    await handler.handle({ amount: 10.1, sequence: 1 }, runOf('t1'));
    const result = await handler.handle({ amount: 0.2, account: 'fees', sequence: 2 }, runOf('t2'));

    expect(result).toEqual({ status: 'completed', processId: 'PROC-t2', balance: 10.3 });
    expect(await readLedger()).toEqual({
      company: 'company-1',
      balance: 10.3,
      entries: [
        { taskId: 't1', sequence: 1, account: 'main', amount: 10.1, balance: 10.1 },
        { taskId: 't2', sequence: 2, account: 'fees', amount: 0.2, balance: 10.3 },
      ],
    });
  });

  it('books a task that runs again once, with the same result', async () => {
    const first = await handler.handle({ amount: 5 }, runOf('t1'));
    const second = await handler.handle({ amount: 5 }, runOf('t1', { attempt: 2 }));
    expect(second).toEqual(first);
    expect((await readLedger()).entries).toHaveLength(1);
  });

  it('has no lock: two at the same time lose an entry', async () => {
    await Promise.all([
      handler.handle({ amount: 1, confirmationMs: 5 }, runOf('t1')),
      handler.handle({ amount: 1, confirmationMs: 5 }, runOf('t2')),
    ]);
    expect((await readLedger()).entries).toHaveLength(1);
  });

  it('writes nothing once it is aborted', async () => {
    const abort = new AbortController();
    const booking = handler.handle(
      { amount: 1, confirmationMs: 60_000 },
      runOf('t1', { signal: abort.signal }),
    );
    abort.abort();
    await expect(booking).rejects.toThrow('abort');
    await expect(readdir(folder)).resolves.toEqual([]);
  });

  it('leaves no drafts behind', async () => {
    await handler.handle({ amount: 1 }, runOf('t1'));
    await expect(readdir(join(folder, 'ledgers'))).resolves.toEqual(['company-1.json']);
  });
});
