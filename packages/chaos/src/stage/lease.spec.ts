import { expect, it } from '@jest/globals';
import { Circumstances, type HistoryRecord } from 'nestjs-affinity-queue/history';
import { aftermathMs, electionOptions } from './lease.js';

it('a kill is felt for as long as the checker takes it for felt', () => {
  const { electionLockTtl: lockTtlMs, heartbeatTimeout: heartbeatTimeoutMs } = electionOptions;
  const stamp = { queue: 'q', wall: 0 };
  const records = [
    { ...stamp, ...{ n: 1, at: -1, process: 'p', type: 'queue.opened', node: 'p', role: 'BOTH' } },
    { ...stamp, ...{ n: 1, at: 0, process: 'campaign', type: 'fault', kind: 'kill', target: 'p' } },
  ].map(
    (record) =>
      ({ ...record, lockTtlMs, heartbeatTimeoutMs, tagConcurrency: {} }) as unknown as HistoryRecord,
  );
  const circumstances = Circumstances.of(records);
  const feltAt = (ms: number) => circumstances.faultsFeltBetween(ms * 1_000, Infinity).length;
  expect([feltAt(aftermathMs - 1), feltAt(aftermathMs + 1)]).toEqual([1, 0]);
});
