import { describe, expect, it } from '@jest/globals';
import type { TaskContext } from '../../worker/task-context.js';
import type { HistoryRecorder } from './history-recorder.js';
import { QueueRecorder } from './queue-recorder.js';
import { OpenAttempts, recordedHandler } from './record-attempts.js';
import { recordLeadership } from './record-leadership.js';

function recorded() {
  const records: { type: string; epoch?: string; token?: number }[] = [];
  const recorder = { record: (type: string, fields: object) => void records.push({ type, ...fields }) };
  const history = new QueueRecorder(recorder as unknown as HistoryRecorder, 'q', 'n1');
  const stands = (reply: unknown): void => {
    recordLeadership('acquireLeadership', { caller: 'n1' }, history)!({ reply });
  };
  const runs = async () => {
    const handler = recordedHandler(() => undefined, history, new OpenAttempts());
    const about = { workerId: 'n1-1', attempt: 1, identifyTag: 't', fencingToken: 12, batchPosition: 1 };
    const signal = new AbortController().signal;
    await handler(null, { ...about, signal, job: { id: 'a' } } as unknown as TaskContext);
    return records.filter(({ type }) => type === 'task.started').at(-1)!;
  };
  return { history, stands, runs };
}

describe('the record of an attempt', () => {
  it('has the fencing token, and no epoch in a process that stands in no election', async () => {
    const { runs } = recorded();
    const started = await runs();
    expect(started.token).toBe(12);
    expect(started).not.toHaveProperty('epoch');
  });

  it('has the epoch of the leader that the process heard of last, itself or another one', async () => {
    const { history, stands, runs } = recorded();
    stands([0, 'n2:7', 1_000, '', []]);
    expect((await runs()).epoch).toBe('7');
    stands([1, 'n1:8', '', []]);
    expect((await runs()).epoch).toBe('8');
    stands([0, 'n2:9', 1_000, '', []]);
    expect((await runs()).epoch).toBe('9');
    // That of its own latest term is what the end of it is about.
    expect(history.epoch).toBe('8');
  });

  it('is not changed by an election that had no answer', async () => {
    const { history, runs } = recorded();
    recordLeadership('acquireLeadership', { caller: 'n1' }, history)!({ error: new Error('timed out') });
    expect(await runs()).not.toHaveProperty('epoch');
  });
});
