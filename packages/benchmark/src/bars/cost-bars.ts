import type { Figures } from '../statistics/figures.js';
import { limitBar, ratioBar, type Bar } from './bar.js';

const largest = 'backlog-1000000';

const memoryBar = (tasksPerTag: number, atMost: number): Bar =>
  ratioBar({
    what: `Redis memory per pending task, 100-byte payload, ${tasksPerTag} a tag`,
    ratio: (figures) => figures.ratio(`memory-${tasksPerTag}`, 'bytesPerTask', 'affinity', 'bullmq'),
    of: 'BullMQ',
    atMost,
  });

const holdBar = (what: string, caseName: string): Bar =>
  limitBar({
    what: `longest that one script holds Redis, ${what}`,
    bar: '≤ 5 ms',
    value: (figures) => figures.median(caseName, 'affinity', 'longestHoldMs'),
    unit: 'ms',
    digits: 2,
    passes: (value) => value <= 5,
  });

/** 3 for every number of workers and queues: the most that was seen. */
function mostConnections(figures: Figures): number | undefined {
  const seen = figures
    .group('connections')
    .filter(({ name }) => name !== 'connections-events')
    .map(({ name }) => figures.median(name, 'affinity', 'connections'))
    .filter((value) => value !== undefined);
  return seen.length === 0 ? undefined : Math.max(...seen);
}

const fleetBar = (caseName: string, what: string): Bar => ({
  what,
  bar: '60,000 tasks done, 0 overlaps, 0 disorder',
  judge: (figures) => {
    const done = figures.summary(caseName, 'affinity', 'done');
    const overlaps = figures.summary(caseName, 'affinity', 'overlaps');
    const disorder = figures.summary(caseName, 'affinity', 'disorder');
    const repeated = figures.summary(caseName, 'affinity', 'repeated');
    if (!done || !overlaps || !disorder || !repeated) return undefined;
    return {
      found: `${done.min} done, ${overlaps.max} overlaps, ${disorder.max} out of order, ${repeated.max} twice`,
      passed: done.min === 60_000 && overlaps.max === 0 && disorder.max === 0,
    };
  },
});

const schedulerBar: Bar = {
  what: 'an instance in role SCHEDULER at 2,000 tasks/s',
  bar: '≤ 20 % of a core',
  judge: (figures) => {
    const percent = figures.median('scheduler-load', 'affinity', 'percentOfCore');
    const reached = figures.median('scheduler-load', 'affinity', 'reachedPerSecond');
    if (percent === undefined || reached === undefined) return undefined;
    // A load that was not reached proves nothing.
    return {
      found: `${percent.toFixed(1)} % at ${reached.toFixed(0)}/s`,
      passed: percent <= 20 && reached >= 1_900,
    };
  },
};

export const costBars: readonly Bar[] = [
  ratioBar({
    what: 'Redis CPU per task, add to completed',
    ratio: (figures) => figures.ratio('process', 'redisMicrosPerTask', 'affinity', 'bullmq'),
    of: 'BullMQ',
    atMost: 0.7,
  }),
  memoryBar(10, 1.2),
  memoryBar(1, 1.5),
  ratioBar({
    what: 'dispatch cost per task at 1,000,000 pending over 100,000 tags',
    ratio: (figures) => figures.median('dispatch', 'affinity', 'growth'),
    of: 'the cost at 1,000 pending',
    atMost: 1.2,
  }),
  holdBar('at that size', largest),
  holdBar('payloads of 100 KB', 'hold-100kb'),
  limitBar({
    what: 'connections per instance, 1 or 100 workers, 1 or 10 queues on one Redis',
    bar: '3, constant',
    value: mostConnections,
    unit: '',
    digits: 0,
    passes: (value) => value === 3,
  }),
  limitBar({
    what: 'connections per instance once events are used',
    bar: '4',
    value: (figures) => figures.median('connections-events', 'affinity', 'connections'),
    unit: '',
    digits: 0,
    passes: (value) => value === 4,
  }),
  fleetBar('fleet-1x100', '100 workers on one instance, 10,000 tags'),
  fleetBar('fleet-20x50', '1,000 workers over 20 instances, 10,000 tags'),
  schedulerBar,
  limitBar({
    what: 'commands of an idle system, per second and instance',
    bar: '< 5',
    value: (figures) => figures.median('idle', 'affinity', 'commandsPerSecond'),
    unit: '',
    digits: 2,
    passes: (value) => value < 5,
  }),
  limitBar({
    what: 'an added task starts on an idle system, median',
    bar: '≤ 20 ms',
    value: (figures) => figures.median('latency', 'affinity', 'p50Ms'),
    unit: 'ms',
    passes: (value) => value <= 20,
  }),
  limitBar({
    what: 'takeover after a resignation, the longest',
    bar: '≤ 200 ms',
    value: (figures) => figures.summary('takeover', 'affinity', 'takeoverMaxMs')?.max,
    unit: 'ms',
    passes: (value) => value <= 200,
  }),
  limitBar({
    what: 'standstill of a tag in a graceful stop, the longest',
    bar: '< 1 s',
    value: (figures) => figures.summary('standstill', 'affinity', 'maxMs')?.max,
    unit: 'ms',
    passes: (value) => value < 1_000,
  }),
];
