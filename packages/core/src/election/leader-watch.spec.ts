import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ManualClock } from '../domain/clock.js';
import { createMessages } from '../observability/messages/messages.js';
import { QueueLog } from '../observability/messages/queue-log.js';
import type { QueueContext } from '../redis/queue-context.js';
import { LeaderWatch } from './leader-watch.js';

const noLock = -2;
let clock: ManualClock;
let report: jest.Mock<() => Promise<unknown>>;
let errors: unknown[];
let lines: string[];
let watch: LeaderWatch;

beforeEach(() => {
  clock = new ManualClock();
  report = jest.fn<() => Promise<unknown>>().mockResolvedValue(1);
  errors = [];
  lines = [];
  const log = new QueueLog(createMessages('en'));
  jest.spyOn(log, 'warn').mockImplementation((name) => void lines.push(name));
  jest.spyOn(log, 'info').mockImplementation((name) => void lines.push(name));
  const context = {
    nodeId: 'node',
    options: { electionLockTtlMs: 300, pendingQueueName: 'q' },
    keys: { leaderInfo: 'info' },
    hub: { commands: { get: async () => '{"nodeId":"leader"}' } },
    scripts: { run: report },
  } as unknown as QueueContext;
  watch = new LeaderWatch(context, log, clock, (error) => errors.push(error));
});

function see(ttlMs: number, afterMs: number): void {
  clock.advance(afterMs);
  watch.lockSeen(ttlMs);
}

describe('LeaderWatch', () => {
  it('waits for a whole lock TTL from when it first saw none', () => {
    see(noLock, 1_000);
    see(noLock, 299);
    expect(watch.isLeaderless).toBe(false);
    see(noLock, 1);
    expect(watch.isLeaderless).toBe(true);
    expect(lines).toEqual(['leaderless']);
    expect(report).toHaveBeenCalledTimes(1);
  });

  it('says it once, and leaves it to Redis to tell it once', () => {
    for (let i = 0; i < 10; i += 1) see(noLock, 100);
    expect(lines).toEqual(['leaderless']);
    expect(report.mock.calls.length).toBeGreaterThan(1);
  });

  it('begins anew when there is a leader, also one whose lock does not expire', async () => {
    see(noLock, 0);
    see(500, 200);
    see(noLock, 200);
    see(-1, 200);
    see(noLock, 200);
    see(noLock, 200);
    expect(watch.isLeaderless).toBe(false);
    see(noLock, 100);
    expect(watch.isLeaderless).toBe(true);
    see(500, 100);
    expect(watch.isLeaderless).toBe(false);
    await Promise.resolve();
    expect(lines).toEqual(['leaderless', 'leaderFound']);
  });

  it('reports that it could not tell, and tries again at the next heartbeat', async () => {
    report.mockRejectedValueOnce(new Error('lost'));
    see(noLock, 0);
    see(noLock, 300);
    await Promise.resolve();
    expect(errors).toEqual([new Error('lost')]);
    see(noLock, 50);
    expect(report).toHaveBeenCalledTimes(2);
  });
});
