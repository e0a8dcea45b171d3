import { describe, expect, it } from '@jest/globals';
import type { HistoryRecorder } from './history-recorder.js';
import { QueueRecorder } from './queue-recorder.js';
import { recordLeadership } from './record-leadership.js';

describe('the record of a leader', () => {
  it('has of its dispatches the first of each term, and those that bound something', () => {
    const records: { epoch?: string; bound?: number }[] = [];
    const recorder = { record: (_type: string, fields: object) => void records.push(fields) };
    const history = new QueueRecorder(recorder as unknown as HistoryRecorder, 'q', 'n1');
    const dispatches = (epoch: string, bound: number): void => {
      recordLeadership('dispatch', { caller: `n1:${epoch}` }, history)!({ reply: [0, bound, 0, -1] });
    };
    dispatches('7', 0);
    dispatches('7', 0);
    dispatches('7', 2);
    dispatches('7', 0);
    dispatches('8', 3);
    dispatches('8', 0);
    expect(records.map(({ epoch, bound }) => [epoch, bound])).toEqual([
      ['7', 0],
      ['7', 2],
      ['8', 3],
    ]);
  });
});
