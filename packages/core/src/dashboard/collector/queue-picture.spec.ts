import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../domain/clock.js';
import type { QueueStats } from '../../producer/queue-stats.js';
import { Incidents } from './incidents.js';
import { QueuePicture, type Reading } from './queue-picture.js';
import type { RecentEvent } from './recent-events.js';
import { Silence } from './silence.js';

const event = (at: number, name: string, ...values: string[]): RecentEvent => ({
  id: `${at}-0`,
  at,
  name,
  values,
});

function reading(now: number, completeSince: number, events: RecentEvent[]): Reading {
  return {
    overview: { now, leader: null, workers: [], tags: [], tagCounts: { ready: 0, parked: 0, paused: 0 } },
    stats: {} as QueueStats,
    recent: { events, completeSince, lastId: events.at(-1)?.id ?? String(completeSince) },
  };
}

describe('a picture of a queue', () => {
  it('has everything, or what has changed', () => {
    const picture = new QueuePicture();
    expect(picture.all()).toBeUndefined();
    picture.apply(
      reading(10_000, 0, [event(5_000, 'bound', 'w1', 'a', '2'), event(6_000, 'completed', '1')]),
    );
    const changes = picture.apply(reading(11_000, 6_000, [event(10_500, 'paused')]));
    expect(changes).toMatchObject({ complete: false, now: 11_000, knownSince: 0, rates: [] });
    expect(changes.incidents).toHaveLength(1);
    expect(picture.all()).toMatchObject({
      complete: true,
      batches: [{ tag: 'a' }],
      rates: [{ completed: 1 }],
    });
    expect(picture.apply(reading(12_000, 10_500, []))).not.toHaveProperty('incidents');
  });

  it('estimates when events come faster than they are read', () => {
    const picture = new QueuePicture();
    picture.apply(reading(10_000, 0, [event(10_000, 'completed', '1')]));
    const { estimated, rates } = picture.apply(reading(11_000, 10_500, [event(10_900, 'completed', '2')]));
    expect(estimated).toBe(true);
    // The one before, and one that stands for two.
    expect(rates).toMatchObject([{ completed: 3 }]);
  });
});

it('incidents: elections, takeovers, leaderless times, recoveries and pauses, the latest first', () => {
  const incidents = new Incidents();
  incidents.apply(event(1, 'leaderChanged', 'n1', ''));
  incidents.apply(event(2, 'leaderChanged', 'n2', 'n1:123'));
  incidents.apply(event(3, 'leaderless', 'n3'));
  incidents.apply(event(4, 'recovered', 'w1', '7'));
  incidents.apply(event(5, 'bound', 'w1', 'a', '1'));
  expect(incidents.all().map(({ kind, subject, detail }) => [kind, subject, detail])).toEqual([
    ['recovered', 'w1', '7'],
    ['leaderless', 'n3', ''],
    ['took-over', 'n2', 'n1'],
    ['elected', 'n1', ''],
  ]);
  for (let at = 10; at < 100; at += 1) incidents.apply(event(at, 'paused'));
  expect(incidents.takeChanges()).toHaveLength(50);
  expect(incidents.takeChanges()).toBeUndefined();
});

it('silence is counted from the last change that was seen, by the own clock', () => {
  const clock = new ManualClock();
  const silence = new Silence(clock);
  const note = (heartbeats: number, now: number) =>
    silence.note([{ id: 'w1', heartbeats, lastHeartbeat: 900 }], now).get('w1');
  expect(note(1, 1_000)).toBe(100);
  clock.advance(50);
  // The clock of Redis jumps; nobody is silent for longer because of that.
  expect(note(1, 99_000)).toBe(150);
  clock.advance(50);
  expect(note(2, 99_000)).toBe(0);
  clock.advance(20);
  expect(note(2, 0)).toBe(20);
});
