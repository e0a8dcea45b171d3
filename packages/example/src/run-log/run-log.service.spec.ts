import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { configOf, runOf, temporaryFolder } from '../../test/support/handlers.js';
import { RunLog, type RunLogLine } from './run-log.service.js';

let folder: string;
let runLog: RunLog;
beforeEach(async () => {
  folder = await temporaryFolder();
  runLog = new RunLog(configOf({ DATA_DIR: folder, NODE_APP_INSTANCE: '2' }));
});
afterEach(async () => {
  runLog.onApplicationShutdown();
  await rm(folder, { recursive: true });
});

async function readLines(): Promise<RunLogLine[]> {
  const file = await readFile(join(folder, 'run-log', `2-${process.pid}.jsonl`), 'utf8');
  return file
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as RunLogLine);
}

describe('RunLog', () => {
  it('writes a line before and one after the work, and returns its result', async () => {
    const result = await runLog.around('process-data', { sequence: 7 }, runOf('t1'), async () => {
      expect(await readLines()).toMatchObject([{ event: 'started', taskId: 't1' }]);
      return 42;
    });
    expect(result).toBe(42);
    const [started, ended] = await readLines();
    expect(ended).toMatchObject({
      event: 'ended',
      outcome: 'completed',
      taskId: 't1',
      tag: 'company-1',
      sequence: 7,
      worker: 'host-1-abc-1',
      instance: '2',
      pid: process.pid,
    });
    expect(ended!.monotonicMs).toBeGreaterThanOrEqual(started!.monotonicMs);
  });

  it('says that the work failed and passes its error on', async () => {
    const error = new Error('no');
    await expect(runLog.around('x', null, runOf('t1'), () => Promise.reject(error))).rejects.toBe(error);
    expect(await readLines()).toMatchObject([
      { event: 'started', sequence: null },
      { event: 'ended', outcome: 'failed' },
    ]);
  });

  it('uses one monotonic clock for all processes of a machine', async () => {
    await runLog.around('x', {}, runOf('t1'), () => Promise.resolve());
    const [started] = await readLines();
    expect(Math.abs(started!.monotonicMs - Number(process.hrtime.bigint()) / 1e6)).toBeLessThan(10_000);
  });
});
