import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readHistory, type HistoryDamage } from '../read-history.js';
import type { HistoryRecord } from '../records.js';
import { HistoryRecorder } from './history-recorder.js';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'history-'));
  file = join(folder, 'p.history.jsonl');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function read(): Promise<{ records: HistoryRecord[]; damage: HistoryDamage[] }> {
  const damage: HistoryDamage[] = [];
  const records: HistoryRecord[] = [];
  for await (const record of readHistory(file, (one) => damage.push(one))) records.push(record);
  return { records, damage };
}

const renewed = { node: 'n', epoch: '1', sentAt: 0 };

describe('the recorder', () => {
  it('writes what it is told, in order, with its stamp', async () => {
    const recorder = new HistoryRecorder({ file, process: 'p', node: 'n' });
    for (let i = 0; i < 100; i += 1)
      recorder.record('leadership.renewed', { ...renewed, sentAt: i }, 'queue');
    recorder.close();
    const { records, damage } = await read();
    expect(damage).toEqual([]);
    expect(records[0]).toMatchObject({
      type: 'process.opened',
      version: 1,
      process: 'p',
      node: 'n',
      pid: process.pid,
    });
    expect(records.at(-1)).toMatchObject({ type: 'process.closed', n: 102 });
    const inside = records.slice(1, -1);
    expect(inside.map((record) => (record as { sentAt?: number }).sentAt)).toEqual([...inside.keys()]);
    expect(inside.every(({ queue }) => queue === 'queue')).toBe(true);
    const times = records.map(({ at }) => at);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  });

  it('has written an announcement when it returns, and all that came before it', async () => {
    const recorder = new HistoryRecorder({ file, process: 'p' });
    recorder.record('leadership.renewed', renewed);
    // Nothing runs in between that could write it.
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(1);
    recorder.record('add.invoked', { call: '1', tag: 'a' });
    expect((await read()).records.map(({ type }) => type)).toEqual([
      'process.opened',
      'leadership.renewed',
      'add.invoked',
    ]);
    recorder.close();
  });

  it('does not write into the history of another process', () => {
    new HistoryRecorder({ file, process: 'p' }).close();
    expect(() => new HistoryRecorder({ file, process: 'q' })).toThrow('EEXIST');
  });

  it('says nothing after its end', async () => {
    const recorder = new HistoryRecorder({ file, process: 'p' });
    recorder.close();
    recorder.record('leadership.renewed', renewed);
    recorder.close();
    expect((await read()).records).toHaveLength(2);
  });
});

describe('the reader', () => {
  const written = (): string => {
    const recorder = new HistoryRecorder({ file, process: 'p' });
    for (let i = 0; i < 3; i += 1) recorder.record('leadership.renewed', renewed);
    recorder.close();
    return readFileSync(file, 'utf8');
  };

  it('takes a file that was cut anywhere in its last lines', async () => {
    const text = written();
    for (let length = text.indexOf('\n') + 1; length <= text.length; length += 7) {
      writeFileSync(file, text.slice(0, length));
      const { records, damage } = await read();
      expect(damage).toEqual([]);
      expect(records.length).toBeGreaterThanOrEqual(text.slice(0, length).split('\n').length - 1);
    }
  });

  it('reports a damaged line, and a line that is missing', async () => {
    const lines = written().trimEnd().split('\n');
    writeFileSync(file, [lines[0], lines[1], '{"n":3,"ty', lines[3], lines[4], ''].join('\n'));
    expect((await read()).damage).toEqual([
      { file, line: 3, reason: 'no JSON' },
      { file, line: 4, reason: 'record 4 where 3 was expected' },
    ]);
    writeFileSync(file, [lines[0], '{"a":1}', lines[1], ''].join('\n'));
    expect((await read()).damage).toEqual([{ file, line: 2, reason: 'no record of a history' }]);
  });

  it('refuses another version', async () => {
    writeFileSync(file, '');
    appendFileSync(file, '{"n":1,"at":1,"wall":1,"process":"p","type":"process.opened","version":2}\n');
    await expect(read()).rejects.toThrow('is no history of version 1');
  });
});
