import { expect, it } from '@jest/globals';
import { Durations } from './durations.js';
import { TaskRates } from './task-rates.js';

function rates(...events: [at: number, name: string, ...values: string[]][]) {
  const made = new TaskRates(10_000, 1_000);
  for (const [at, name, ...values] of events) made.apply({ id: `${at}-0`, at, name, values });
  return made;
}

it('counts by span, and measures how long a task waited and ran', () => {
  const made = rates(
    [100, 'added', '1'],
    [300, 'active', '1'],
    [1_500, 'completed', '1'],
    [1_600, 'added', '2'],
    [1_700, 'active', '2'],
    [1_900, 'retried', '2'],
    [2_100, 'active', '2'],
    [2_200, 'failed', '2'],
  );
  const one = (ms: number) => ({ median: ms, p95: ms, count: 1 });
  expect(made.all()).toEqual([
    { at: 0, added: 1, completed: 0, failed: 0, retried: 0, waited: one(200), ran: null },
    { at: 1_000, added: 1, completed: 1, failed: 0, retried: 1, waited: one(100), ran: one(1_200) },
    { at: 2_000, added: 0, completed: 0, failed: 1, retried: 0, waited: null, ran: one(100) },
  ]);
  expect(made.takeChanges()).toHaveLength(3);
  expect(made.takeChanges()).toEqual([]);
  made.forget(11_500);
  expect(made.all().map(({ at }) => at)).toEqual([2_000]);
});

it('counts the waiting of a delayed task from when it is due', () => {
  const [, second] = rates(
    [0, 'added', '1'],
    [1, 'delayed', '1'],
    [1_200, 'waiting', '1', 'delayed'],
    [1_250, 'active', '1'],
  ).all();
  expect(second?.waited).toMatchObject({ median: 50 });
});

it('lets one event stand for those that were not read', () => {
  const made = new TaskRates(10_000, 1_000);
  for (const at of [1, 2]) made.apply({ id: `${at}-0`, at, name: 'completed', values: ['x'] }, 2.25);
  expect(made.all()).toMatchObject([{ completed: 5 }]);
});

it('tells median and 95th percentile of few, and of an even sample of many', () => {
  const few = new Durations();
  for (let ms = 1; ms <= 100; ms += 1) few.add(ms);
  expect(few.view()).toEqual({ median: 51, p95: 96, count: 100 });
  const many = new Durations();
  for (let i = 0; i < 20_000; i += 1) many.add(i % 1_000);
  const { median, p95, count } = many.view()!;
  expect(count).toBe(20_000);
  expect(Math.abs(median - 500)).toBeLessThan(150);
  expect(Math.abs(p95 - 950)).toBeLessThan(60);
  expect(new Durations().view()).toBeNull();
});
