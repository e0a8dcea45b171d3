import { describe, expect, it } from '@jest/globals';
// @ts-expect-error -- modules of the page are plain JavaScript
import * as formats from './format.js';
// @ts-expect-error -- the same
import { QueueState } from './queue-state.js';

const { formatAge, formatDuration, formatRate, formatScale, plural, shortWorker, tagName } =
  formats as Record<string, (...args: unknown[]) => string>;

describe('texts', () => {
  it.each([
    [0, '0 ms'],
    [999.4, '999 ms'],
    [1_500, '1.5 s'],
    [59_999, '59 s'],
    [61_000, '1 min 1 s'],
    [3_600_000, '1 h'],
    [200_000_000, '2 d 7 h'],
  ])('of a duration of %d ms: %s', (ms, text) => {
    expect(formatDuration!(ms)).toBe(text);
  });

  it('of ages, rates, counts, workers and tags', () => {
    expect([500, 1_900, 12_000].map((ms) => formatAge!(ms))).toEqual(['now', '1 s', '12 s']);
    expect([0, 0.05, 3.14, 25.4, 12_345].map((rate) => formatRate!(rate))).toEqual([
      '0',
      '0.05',
      '3.1',
      '25',
      '12,345',
    ]);
    expect(formatScale!(5_000)).toBe('5 s');
    expect([plural!(1, 'task'), plural!(2_000, 'task'), plural!(2, 'batch', 'batches')]).toEqual([
      '1 task',
      '2,000 tasks',
      '2 batches',
    ]);
    expect([shortWorker!('web-1-4242-ab12cd-3'), shortWorker!('w1')]).toEqual(['ab12cd-3', 'w1']);
    expect([tagName!('a'), tagName!('')]).toEqual(['a', '(malformed tasks)']);
    // Shown as it is, this one would read "evil".
    expect([tagName!('\u202elive'), tagName!('a\nb'), tagName!('مرحبا')]).toEqual([
      '\ufffdlive',
      'a\ufffdb',
      'مرحبا',
    ]);
  });
});

describe('what the page knows', () => {
  const update = (now: number, extra: object) => ({
    ...{ now, windowMs: 600_000, rateSpanMs: 2_000, complete: false, batches: [], rates: [] },
    ...extra,
  });
  const rate = (at: number, completed: number, median: number) => ({
    ...{ at, completed, failed: 0 },
    ...{ waited: { median, p95: median, count: completed }, ran: null },
  });

  it('grows by updates, and begins anew with a complete one', () => {
    const state = new QueueState();
    state.apply(update(1_000_000, { complete: true, batches: [{ id: '1', to: null }], incidents: [1] }));
    state.apply(
      update(1_001_000, {
        batches: [
          { id: '1', to: 1_000_500 },
          { id: '2', to: null },
        ],
      }),
    );
    expect([...state.batches.values()]).toEqual([
      { id: '1', to: 1_000_500 },
      { id: '2', to: null },
    ]);
    expect(state.incidents).toEqual([1]);
    state.apply(update(1_700_000, {}));
    expect([...state.batches.keys()]).toEqual(['2']);
    state.apply(update(1_700_000, { complete: true }));
    expect(state.batches.size).toBe(0);
  });

  it('sums up the last full minute', () => {
    const state = new QueueState();
    state.apply(
      update(1_000_500, {
        rates: [rate(900_000, 99, 1), rate(950_000, 10, 5), rate(998_000, 50, 7), rate(1_000_000, 5, 9)],
      }),
    );
    expect(state.summary()).toEqual({ completed: 60, failed: 0, perSecond: 1, waited: 7, ran: null });
  });
});
