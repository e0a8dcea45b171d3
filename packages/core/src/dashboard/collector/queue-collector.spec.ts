import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { until } from '../../../test/support/until.js';
import type { QueueStats } from '../../producer/queue-stats.js';
import type { QueueContext } from '../../redis/queue-context.js';
import { QueueCollector, type Sighting } from './queue-collector.js';

const open: QueueCollector[] = [];
const everyMs = 7;

/** A queue that answers from memory, and counts how often it is asked. */
function collect(fail: () => boolean = () => false) {
  let looks = 0;
  let underWay = 0;
  let most = 0;
  const run = async (name: string, { args }: { args: unknown[] }): Promise<unknown> => {
    if (name === 'getRecentEvents') return String(args[1]).includes('-') ? [''] : ['', ['5-0', 'paused']];
    looks += 1;
    most = Math.max(most, (underWay += 1));
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
    if (fail()) throw new TypeError('secret');
    return ['1000000', '', -2, '', [0, 0, 0], [], []];
  };
  const context = { scripts: { run }, keys: {} } as unknown as QueueContext;
  const stats = { waiting: 1 } as QueueStats;
  const collector = new QueueCollector(
    { context, queueService: { getQueueStats: async () => stats } },
    everyMs,
  );
  open.push(collector);
  return { collector, looks: () => looks, most: () => most };
}

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(open.splice(0).map((collector) => collector.close()));
});

describe('a collector', () => {
  it('looks while somebody watches, and then no more', async () => {
    const { collector, looks, most } = collect();
    const armed = jest.spyOn(globalThis, 'setTimeout');
    const cleared = jest.spyOn(globalThis, 'clearTimeout');
    const seen: Sighting[] = [];
    const stop = collector.watch((sighting) => seen.push(sighting));
    await until('it has looked three times', () => seen.length >= 3);
    expect(seen.map((one) => one.kind === 'state' && one.state.complete).slice(0, 3)).toEqual([
      true,
      false,
      false,
    ]);
    stop();
    expect(collector.isWatched).toBe(false);
    await collector.close();
    const own = armed.mock.results.filter((_, index) => armed.mock.calls[index]?.[1] === everyMs);
    expect(cleared.mock.calls.map(([timer]) => timer)).toContain(own.at(-1)?.value);
    expect(own.length).toBeGreaterThanOrEqual(2);
    expect(looks()).toBeLessThanOrEqual(seen.length + 1);
    expect(most()).toBe(1);
  });

  it('looks once for all viewers, and shows a late one everything at once', async () => {
    const { collector, most } = collect();
    const [first, second]: Sighting[][] = [[], []];
    collector.watch((sighting) => first!.push(sighting));
    await until('the first one sees', () => first!.length >= 2);
    collector.watch((sighting) => second!.push(sighting));
    expect(second).toMatchObject([
      { kind: 'state', state: { complete: true, incidents: [{ kind: 'paused' }] } },
    ]);
    const [a, b] = [first!.length, second!.length];
    await until('both see', () => first!.length >= a + 2 && second!.length >= b + 2);
    expect(second!.at(-1)).toBe(first!.at(-1));
    expect(most()).toBe(1);
  });

  it('begins anew for the next viewer', async () => {
    const { collector } = collect();
    const seen: Sighting[] = [];
    collector.watch((sighting) => seen.push(sighting))();
    collector.watch((sighting) => seen.push(sighting));
    await until('it sees', () => seen.length >= 1);
    expect(seen[0]).toMatchObject({ kind: 'state', state: { complete: true } });
  });

  it('says that it cannot see, by the name of the fault alone, and goes on', async () => {
    let isBroken = true;
    const { collector } = collect(() => isBroken);
    const seen: Sighting[] = [];
    collector.watch((sighting) => seen.push(sighting));
    await until('it has failed', () => seen.length >= 2);
    expect(seen[0]).toEqual({ kind: 'trouble', error: 'TypeError' });
    isBroken = false;
    await until('it sees again', () => seen.at(-1)?.kind === 'state');
  });

  it('that is closed shows nobody anything', async () => {
    const { collector, looks } = collect();
    await collector.close();
    collector.watch(() => undefined);
    expect(looks()).toBe(0);
  });
});
