import { describe, expect, it } from '@jest/globals';
import { BatchTimeline } from './batch-timeline.js';
import type { RecentEvent } from './recent-events.js';

const event = (at: number, name: string, ...values: string[]): RecentEvent => ({
  id: `${at}-0`,
  at,
  name,
  values,
});
const bound = (at: number, worker: string, tag: string) => event(at, 'bound', worker, tag, '3');
const released = (at: number, worker: string, tag: string) =>
  event(at, 'released', worker, tag, '4', 'limit');

function timeline(...events: RecentEvent[]) {
  const made = new BatchTimeline(1_000);
  for (const one of events) made.apply(one, 0);
  return made;
}

describe('a timeline of batches', () => {
  it('has a batch from its bind to its release, with its last size and the reason of its end', () => {
    expect(timeline(bound(10, 'w1', 'a'), bound(12, 'w2', 'b'), released(20, 'w1', 'a')).all()).toEqual([
      { id: '10-0', workerId: 'w1', tag: 'a', from: 10, to: 20, size: 4, reason: 'limit' },
      { id: '12-0', workerId: 'w2', tag: 'b', from: 12, to: null, size: 3, reason: '' },
    ]);
  });

  it('begins a batch whose bind was not read where the reading begins', () => {
    const made = new BatchTimeline(1_000);
    made.apply(released(20, 'w1', 'a'), 5);
    expect(made.all()).toMatchObject([{ workerId: 'w1', from: 5, to: 20 }]);
  });

  it('ends a batch whose release was not read with the next one, and with the death of its worker', () => {
    const made = timeline(bound(10, 'w1', 'a'), bound(15, 'w1', 'b'), event(18, 'recovered', 'w1', '2'));
    expect(made.all()).toMatchObject([
      { tag: 'a', to: 15, reason: '' },
      { tag: 'b', to: 18, reason: 'lost' },
    ]);
  });

  it('believes a look at the workers only where the events say nothing', () => {
    const made = timeline(bound(10, 'w1', 'a'));
    // What the look saw was before that bind.
    made.reconcile([{ workerId: 'w1', tag: 'old' }], 0, 11);
    expect(made.all()).toMatchObject([{ tag: 'a', to: null }]);
    made.reconcile([{ workerId: 'w1', tag: null }], 0, 30);
    expect(made.all()).toMatchObject([{ tag: 'a', to: 30 }]);
    made.reconcile([{ workerId: 'w1', tag: 'c' }], 25, 40);
    expect(made.all()[1]).toMatchObject({ tag: 'c', from: 25, to: null });
    made.reconcile([], 0, 50);
    expect(made.all()[1]).toMatchObject({ tag: 'c', to: 50 });
  });

  it('gives every change once, and forgets what is older than its window', () => {
    const made = timeline(bound(10, 'w1', 'a'), released(20, 'w1', 'a'), bound(30, 'w1', 'b'));
    expect(made.takeChanges()).toHaveLength(2);
    expect(made.takeChanges()).toEqual([]);
    made.apply(released(1_500, 'w1', 'b'), 0);
    made.reconcile([{ workerId: 'w1', tag: null }], 0, 1_600);
    expect(made.takeChanges()).toMatchObject([{ tag: 'b', to: 1_500 }]);
    expect(made.all()).toHaveLength(1);
  });

  it('keeps no more than a page can show', () => {
    const made = timeline();
    for (let at = 1; at <= 4_000; at += 1) made.apply(bound(at, 'w1', `tag ${at}`), 0);
    made.reconcile([], 0, 500);
    expect(made.all().length).toBeLessThanOrEqual(3_000);
    expect(made.all().at(-1)).toMatchObject({ tag: 'tag 4000' });
  });
});
