import { ratioBar, limitBar, type Bar } from './bar.js';

const waits = [
  { ms: 100, least: 0.97 },
  { ms: 10, least: 0.9 },
];

export const speedBars: readonly Bar[] = [
  ratioBar({
    what: 'process, 10 workers, no-op',
    ratio: (figures) => figures.ratio('process', 'tasksPerSecond', 'affinity', 'groupmq'),
    of: 'GroupMQ',
    atLeast: 1.25,
    aim: 1.5,
  }),
  ratioBar({
    what: 'process, 10 workers, no-op',
    ratio: (figures) => figures.ratio('process', 'tasksPerSecond', 'affinity', 'bullmq'),
    of: 'BullMQ',
    atLeast: 1.6,
    aim: 2,
  }),
  ...waits.map(({ ms, least }) =>
    ratioBar({
      what: `process, the handler waits ${ms} ms`,
      ratio: (figures) => figures.ratio(`wait-${ms}ms`, 'tasksPerSecond', 'affinity', 'ideal'),
      of: 'the ideal',
      atLeast: least,
    }),
  ),
  ...(['groupmq', 'bullmq'] as const).map((peer) =>
    ratioBar({
      what: 'process, the handler waits 1 ms',
      ratio: (figures) => figures.ratio('wait-1ms', 'tasksPerSecond', 'affinity', peer),
      of: peer === 'groupmq' ? 'GroupMQ' : 'BullMQ',
      atLeast: 1,
    }),
  ),
  ratioBar({
    what: '`addBulk`, 500 at a time',
    ratio: (figures) => figures.ratio('add-bulk', 'tasksPerSecond', 'affinity', 'bullmq'),
    of: "BullMQ's `addBulk`",
    atLeast: 3,
  }),
  ratioBar({
    what: 'add one by one, 100 in flight',
    ratio: (figures) => figures.ratio('add-single', 'tasksPerSecond', 'affinity', 'bullmq'),
    of: "BullMQ's `add`",
    atLeast: 0.95,
  }),
  ratioBar({
    what: 'add and process at once, 4 processes',
    ratio: (figures) => figures.ratio('mixed', 'tasksPerSecond', 'affinity', 'groupmq'),
    of: 'GroupMQ',
    atLeast: 1.25,
  }),
  ratioBar({
    what: 'idle latency add → handler starts, p50',
    ratio: (figures) => figures.ratio('latency', 'p50Ms', 'affinity', 'bullmq'),
    of: 'BullMQ',
    atMost: 2,
  }),
  limitBar({
    what: 'idle latency add → handler starts, p99',
    bar: '≤ 10 ms',
    value: (figures) => figures.median('latency', 'affinity', 'p99Ms'),
    unit: 'ms',
    passes: (value) => value <= 10,
  }),
];
