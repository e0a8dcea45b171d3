import { describe, expect, it } from '@jest/globals';
import { explanationsEn } from './explanations.en.js';
import { explanationsZh } from './explanations.zh.js';
import { explainIn, type ExplanationReason } from './index.js';
import { duration, moment } from './moments.js';

const now = Date.parse('2026-11-22T03:00:00Z');
const params = {
  jobId: 'job "1"',
  identifyTag: 'tenant\n7',
  now,
  finishedAt: now - 65_000,
  until: now + 12_000,
  since: now - 3_600_000,
  attempt: 2,
  attemptsMade: 3,
  failedReason: 'mailbox full',
  workerId: 'host-1-ab-1',
  lastHeartbeat: now - 45_000,
  position: 2,
  running: 'other',
  currentTag: 'company-1',
  workerIds: ['host-1-ab-1'],
  tasksBefore: 4,
  batchSize: 10,
  type: 'send-email',
  registeredTypes: ['invoice'],
  workers: 3,
  tagsBefore: 5,
  limit: 2,
  children: 6,
  schedule: 'nightly',
};
const reasons = Object.keys(explanationsEn) as ExplanationReason[];

describe('the texts of explanations', () => {
  it('are there for the same reasons in both languages', () => {
    expect(Object.keys(explanationsZh).sort()).toEqual([...reasons].sort());
    expect(reasons.length).toBeGreaterThan(20);
  });

  it.each(reasons)('%s: one line in each language, that tells them apart', (reason) => {
    const { zh, en } = explainIn(reason, params as never);
    expect(zh).toMatch(/\p{Script=Han}/u);
    expect(en).not.toMatch(/\p{Script=Han}|undefined|NaN/u);
    expect(zh).not.toMatch(/undefined|NaN/);
    expect(`${zh}${en}`).not.toContain('\n');
  });

  it('say what a person at night needs', () => {
    const text = (reason: ExplanationReason, extra = {}) => explainIn(reason, { ...params, ...extra }).en;
    expect(text('running')).toBe(
      'Running on worker host-1-ab-1 for 1 h, since 2026-11-22T02:00:00Z (attempt 2); that worker was last heard of 45 s ago',
    );
    expect(text('tag-parked')).toBe(
      'Tag "tenant\\n7" is backing off until 2026-11-22T03:00:12Z (in 12 s); 4 tasks of its tag come before it; the latest attempt failed: "mailbox full"',
    );
    expect(text('delayed', { failedReason: null })).toBe(
      'Scheduled for 2026-11-22T03:00:12Z (in 12 s) by schedule "nightly"',
    );
    expect(text('delayed', { failedReason: null, schedule: null })).toBe(
      'Delayed until 2026-11-22T03:00:12Z (in 12 s)',
    );
    expect(text('delayed')).toBe(
      'Delayed until 2026-11-22T03:00:12Z (in 12 s); the latest attempt failed: "mailbox full"',
    );
    expect(text('delayed', { until: now - 11_000, failedReason: null })).toBe(
      'Due since 2026-11-22T02:59:49Z (11 s) by schedule "nightly"; the leader has not taken it in yet',
    );
    expect(text('no-handler')).toBe(
      'No handler for type "send-email" on worker host-1-ab-1; there are handlers for: "invoice"',
    );
    expect(text('no-handler', { workerIds: [], registeredTypes: [] })).toBe(
      'No handler for type "send-email" on any worker; there are handlers for: none',
    );
    expect(text('in-batch', { position: 1, running: null, lastHeartbeat: now })).toBe(
      'Next in the batch of worker host-1-ab-1',
    );
    expect(text('in-batch', { lastHeartbeat: null })).toContain('that worker is not registered any more');
  });
});

describe('duration', () => {
  it.each([
    [0, '0 ms'],
    [-5, '0 ms'],
    [45, '45 ms'],
    [12_000, '12 s'],
    [200_000, '3 min 20 s'],
    [3_600_000, '1 h'],
    [187_200_000, '2 d 4 h'],
  ])('%i ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

it('a moment that is none does not throw', () => {
  expect(moment(NaN)).toBe('an unknown time');
});
