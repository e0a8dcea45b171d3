import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { createMessages } from '../observability/messages/messages.js';
import { QueueLog } from '../observability/messages/queue-log.js';
import type { QueueContext } from '../redis/queue-context.js';
import type { ScriptCall } from '../redis/queue-scripts.js';
import { NeighbourWatch } from './neighbour-watch.js';
import type { ProcessState } from './process-table.js';

const own = { host: 'the-host', process: '100:5000' };
let states: Map<string, ProcessState>;
let reports: unknown[][];
let replies: unknown[];
let errors: unknown[];
let watch: NeighbourWatch;
let looks: string[];

beforeEach(() => {
  Logger.overrideLogger(false);
  jest.useFakeTimers();
  states = new Map();
  [reports, replies, errors, looks] = [[], [], [], []];
  watch = make(own);
});
afterEach(async () => {
  await watch.stop();
  jest.useRealTimers();
});

function make(process: QueueContext['process']): NeighbourWatch {
  const run = (name: string, { caller, keys, args = [] }: ScriptCall): Promise<unknown> => {
    expect([name, caller, keys]).toEqual(['reportDeath', 'me', ['epoch', 'info', 'vacancy']]);
    reports.push([...args]);
    const reply = replies.shift() ?? [1, 0, ''];
    return reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply);
  };
  const context = {
    nodeId: 'me',
    process,
    keys: {
      electionEpoch: 'epoch',
      leaderInfo: 'info',
      electionVacancy: 'vacancy',
      processesOf: (host: string) => `on ${host}`,
    },
    scripts: { run },
    hub: { commands: { hvals: (key: string) => Promise.resolve(key === 'on the-host' ? ['300:1'] : []) } },
  } as unknown as QueueContext;
  const stateOf = (of: string): ProcessState => {
    looks.push(of);
    return states.get(of) ?? 'alive';
  };
  return new NeighbourWatch({
    context,
    log: new QueueLog(createMessages('en')),
    onError: (error) => errors.push(error),
    processes: { stateOf },
  });
}

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

describe('NeighbourWatch', () => {
  it('reports a process that it saw alive within a quarter of a second after it died, once', async () => {
    watch.start();
    watch.sighted(['100:5000', '200:1', '201:1']);
    await pass(1_000);
    expect(reports).toEqual([]);
    states.set('201:1', 'dead');
    await pass(250);
    expect(reports).toEqual([['the-host', '201:1', 1]]);
    await pass(2_000);
    expect(reports).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  it('never looks at itself', async () => {
    watch.start();
    watch.sighted(['100:5000']);
    await pass(1_000);
    expect(looks).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('asks one that it never saw alive, and reports it again when it has had time to answer', async () => {
    watch.start();
    states.set('200:1', 'dead');
    replies = [[0, 1, '']];
    watch.sighted(['200:1']);
    await pass(250);
    expect(reports).toEqual([['the-host', '200:1', 0]]);
    await pass(499);
    expect(reports).toHaveLength(1);
    await pass(1);
    expect(reports).toHaveLength(2);
    await pass(5_000);
    expect(reports).toHaveLength(2);
  });

  it('leaves one alone that answers, until it is named again', async () => {
    watch.start();
    states.set('200:1', 'dead');
    replies = [
      [0, 1, ''],
      [0, 1, ''],
    ];
    watch.sighted(['200:1']);
    await pass(5_000);
    expect(reports).toHaveLength(2);
    watch.sighted(['200:1']);
    await pass(250);
    expect(reports).toHaveLength(3);
  });

  it('gives it the same time when it is named again right after the second report, which asks too', async () => {
    watch.start();
    states.set('200:1', 'dead');
    replies = [
      [0, 1, ''],
      [0, 1, ''],
    ];
    watch.sighted(['200:1']);
    await pass(750);
    expect(reports).toHaveLength(2);
    watch.sighted(['200:1']);
    await pass(498);
    expect(reports).toHaveLength(2);
    await pass(250);
    expect(reports).toHaveLength(3);
  });

  it('takes nothing for a proof that is none', async () => {
    watch.start();
    states.set('200:1', 'unknown');
    watch.sighted(['200:1']);
    await pass(5_000);
    expect(reports).toEqual([]);
  });

  it('does not look at who has gone', async () => {
    watch.start();
    watch.sighted(['200:1']);
    await pass(250);
    watch.sighted([]);
    states.set('200:1', 'dead');
    await pass(1_000);
    expect(reports).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('remembers whom it has seen alive when they are named again', async () => {
    watch.start();
    watch.sighted(['200:1']);
    states.set('200:1', 'dead');
    watch.sighted(['200:1', '201:1']);
    await pass(250);
    expect(reports).toEqual([['the-host', '200:1', 1]]);
  });

  it('tries again after a report that failed, and says that it did', async () => {
    watch.start();
    watch.sighted(['200:1', '201:1']);
    states.set('200:1', 'dead').set('201:1', 'dead');
    replies = [new Error('no Redis')];
    await pass(250);
    expect([reports.length, errors.length]).toEqual([1, 1]);
    await pass(1_000);
    expect(reports.slice(1)).toEqual([
      ['the-host', '200:1', 1],
      ['the-host', '201:1', 1],
    ]);
  });

  it('looks before it starts, and after it stopped, at nothing', async () => {
    watch.sighted(['200:1']);
    states.set('200:1', 'dead');
    await pass(1_000);
    expect(reports).toEqual([]);
    watch.start();
    await watch.stop();
    await pass(1_000);
    expect(reports).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
    watch.start();
    await pass(250);
    expect(reports).toHaveLength(1);
  });

  it('reads who is on the host when it is told that there may be new ones', async () => {
    watch.start();
    states.set('300:1', 'dead');
    watch.refresh();
    await pass(250);
    expect(reports).toEqual([['the-host', '300:1', 0]]);
  });

  it('does nothing in an instance whose own process cannot be seen', async () => {
    watch = make(undefined);
    watch.start();
    watch.sighted(['200:1']);
    watch.refresh();
    states.set('200:1', 'dead');
    await pass(1_000);
    expect([reports, looks]).toEqual([[], []]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
