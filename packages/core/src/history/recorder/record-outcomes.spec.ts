import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { commitArguments } from '../../bullmq/completion-group.js';
import { completionOf, readStanding } from '../../bullmq/standing.js';
import { HistoryRecorder } from './history-recorder.js';
import { QueueRecorder } from './queue-recorder.js';
import { OpenAttempts } from './record-attempts.js';
import { recordOutcomes } from './record-outcomes.js';

let folder: string;
let recorder: HistoryRecorder;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'history-'));
  recorder = new HistoryRecorder({ file: join(folder, 'p'), process: 'p' });
});

afterEach(() => {
  recorder.close();
  rmSync(folder, { recursive: true });
});

/** What outlives the process now. */
const left = (): object[] =>
  readFileSync(join(folder, 'p'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);

const attempt = { task: 't1', worker: 'w1', attempt: 2, tag: 'a', token: 7 };

/** Calls as the heads of the .lua files have them. */
const calls = {
  delayTask: [2, '', '', '', '', '', 't1'],
  awaitChildren: [2, '', '', '', 't1'],
  commitTask: [2, '', '', '', 't1', '', '', '', 'completed'],
  retryTask: [2, '', '', '', 't1', '', '1'],
  commitTasks: commitArguments(0, false, [completionOfTask('w0', 't0', 1), completionOfTask('w1', 't1', 2)]),
};

/** As a worker hands it in. */
function completionOfTask(worker: string, id: string, attempt: number) {
  const standing = `1:${attempt}:1:7:1:0: ${id}`;
  const told = completionOf(standing, readStanding(standing), true);
  return { takes: '1', args: [worker, ...told, ':', 'null'] };
}

function sent(script: keyof typeof calls) {
  const history = new QueueRecorder(recorder, 'queue', 'n');
  const attempts = new OpenAttempts();
  attempts.add(attempt);
  return recordOutcomes(script, { caller: 'w1', args: calls[script] }, history, attempts)!;
}

describe('the record of an outcome', () => {
  it.each(['delayTask', 'awaitChildren'] as const)(
    'is announced where the task leaves its order: before %s is sent',
    (script) => {
      const settled = sent(script);
      expect(left().slice(1)).toMatchObject([{ type: 'task.leaving', ...attempt }]);
      settled({ reply: 0 });
      recorder.flush();
      expect(left().slice(2)).toMatchObject([{ type: 'outcome.committed', ...attempt, outcome: 'delayed' }]);
    },
  );

  it('is told for each task of a group', () => {
    sent('commitTasks')({ reply: [0, 0] });
    recorder.flush();
    expect(left().slice(1)).toMatchObject([
      { type: 'outcome.committed', task: 't0', worker: 'w0', attempt: 1, outcome: 'completed' },
      { type: 'outcome.committed', ...attempt, outcome: 'completed' },
    ]);
  });

  it('is not, where the task stays', () => {
    sent('commitTask')({ reply: 0 });
    sent('retryTask')({ reply: 0 });
    recorder.flush();
    expect(left().slice(1)).toMatchObject([
      { type: 'outcome.committed', outcome: 'completed' },
      { type: 'outcome.committed', outcome: 'retried' },
    ]);
  });

  it('is open where there are no children to wait for', () => {
    sent('awaitChildren')({ reply: 1 });
    recorder.flush();
    expect(left().slice(1)).toMatchObject([{ type: 'task.leaving' }]);
  });
});
