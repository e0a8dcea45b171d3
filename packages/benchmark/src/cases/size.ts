import { realPeers, type PeerName } from '../peers/names.js';
import { defineCase } from './bench-case.js';

const workers = 10;

const memory = (tasksPerTag: number) =>
  defineCase({
    name: `memory-${tasksPerTag}`,
    title: `Redis memory per pending task, payload of 100 bytes, ${tasksPerTag} a tag`,
    group: 'memory',
    measurement: 'memory',
    peers: realPeers,
    metrics: ['bytesPerTask'],
    maxRounds: 1,
    input: { tasks: 50_000, tags: 50_000 / tasksPerTag, payloadBytes: 100 },
    quickInput: { tasks: 10_000, tags: 10_000 / tasksPerTag, payloadBytes: 100 },
  });

interface BacklogSize {
  readonly peers?: readonly PeerName[];
  readonly maxRounds?: number;
  readonly quick?: boolean;
  readonly before?: number;
}

/**
 * With a million tasks Redis has more than 2^20 keys, and doubles the table that it finds them in. It moves them step by step,
 * some with each access, and a task costs about twice as much until that is over, some 50,000 tasks later. What is measured
 * is the time after that.
 */
const beforeOfMillion = 60_000;

/** Tasks that are run while Redis' time is measured. */
const measured = 5_000;

/** 10 tasks a tag. At most half of them are run at once, so that the others still wait. */
const backlog = (
  pending: number,
  { peers = realPeers, maxRounds, quick = false, before }: BacklogSize = {},
) => {
  const run = Math.min(pending / 2, measured);
  const passes = Math.ceil(measured / run);
  const input = {
    pending,
    tags: pending / 10,
    workers,
    run,
    passes,
    ...(before !== undefined && { before }),
  };
  return defineCase({
    name: `backlog-${pending}`,
    title: `Cost of a task with ${pending.toLocaleString('en')} pending over ${input.tags.toLocaleString('en')} tags`,
    group: 'backlog',
    x: { label: 'pending tasks', value: pending },
    measurement: 'backlog',
    peers,
    metrics: [
      'redisMicrosPerTask',
      'addMicrosPerTask',
      'takeInMicrosPerTask',
      'addHoldMs',
      'takeInHoldMs',
      'processHoldMs',
      'longestHoldMs',
      'holdsOver5Ms',
    ],
    warmUp: { pending: 1_000, tags: 100, workers, run: 500 },
    input,
    ...(maxRounds && { maxRounds }),
    ...(quick && { quickInput: input }),
  });
};

const scan = (count: number) =>
  defineCase({
    name: `scan-${count}`,
    title: `Search for worker queues among 1,000,000 keys, SCAN with COUNT ${count}`,
    group: 'scan',
    x: { label: 'scanCount', value: count },
    measurement: 'scan',
    peers: ['affinity'],
    metrics: ['callMs', 'longestCallMs', 'calls', 'totalMs', 'keysMs'],
    maxRounds: 1,
    input: { keys: 1_000_000, count },
  });

export const sizeCases = [
  memory(10),
  memory(1),
  backlog(1_000, { quick: true }),
  backlog(10_000),
  backlog(100_000, { maxRounds: 3 }),
  backlog(1_000_000, { maxRounds: 3, peers: ['affinity', 'bullmq'], before: beforeOfMillion }),
  defineCase({
    name: 'dispatch',
    title: 'Dispatch of a task with 1,000 pending over 100 tags, and with 1,000,000 over 100,000',
    group: 'dispatch',
    measurement: 'dispatch',
    peers: ['affinity'],
    metrics: ['fewDispatchMicros', 'manyDispatchMicros', 'growth'],
    maxRounds: 5,
    input: {
      workers,
      small: { pending: 1_000, tags: 100, before: beforeOfMillion },
      large: { pending: 1_000_000, tags: 100_000, before: beforeOfMillion },
      run: 500,
      passes: 10,
    },
  }),
  ...[10, 100, 1_000, 10_000].map(scan),
  defineCase({
    name: 'hold-100kb',
    title: 'Longest that one script holds Redis, payloads of 100 KB, added 500 at a time',
    group: 'hold',
    measurement: 'backlog',
    peers: realPeers,
    metrics: ['longestHoldMs', 'holdsOver5Ms', 'addHoldMs', 'takeInHoldMs', 'processHoldMs'],
    maxRounds: 5,
    input: { pending: 2_000, tags: 200, workers, run: 1_000, before: 0, payloadBytes: 100_000 },
  }),
];
