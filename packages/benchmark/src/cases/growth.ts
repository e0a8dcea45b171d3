import { realPeers } from '../peers/names.js';
import { defineCase } from './bench-case.js';
import { standardLoad, warmUpTasks } from './standard-load.js';

const maxRounds = 3;

/** The standard load with one value changed. */
const grown = (
  group: string,
  label: string,
  value: number,
  change: { warmUpTasks?: number; tags?: number; workers?: number; maxBatchSize?: number },
) =>
  defineCase({
    name: `${group}-${value}`,
    title: `Process with ${value.toLocaleString('en')} ${label}`,
    group,
    x: { label, value },
    measurement: 'process',
    peers: group === 'batch' ? ['affinity'] : realPeers,
    metrics: ['tasksPerSecond', 'redisMicrosPerTask', 'nodeMicrosPerTask', 'scriptsPerTask'],
    maxRounds,
    input: { ...standardLoad, warmUpTasks: warmUpTasks.full, ...change },
  });

const instances = (value: number) =>
  defineCase({
    name: `instances-${value}`,
    title: `Add and process at once, ${value} instances`,
    group: 'instances',
    x: { label: 'instances', value },
    measurement: 'mixed',
    peers: realPeers,
    metrics: ['tasksPerSecond', 'redisMicrosPerTask'],
    maxRounds,
    input: {
      ...standardLoad,
      instances: value,
      warmUpTasks: warmUpTasks.full,
      inFlight: 100 / value,
    },
  });

const fleet = (instanceCount: number, workers: number) =>
  defineCase({
    name: `fleet-${instanceCount}x${workers}`,
    title: `${(instanceCount * workers).toLocaleString('en')} workers over ${instanceCount} instances, 60,000 tasks of 10,000 tags, handler of 2 ms`,
    group: 'fleet',
    measurement: 'fleet',
    peers: ['affinity'],
    metrics: ['done', 'overlaps', 'disorder', 'missing', 'repeated', 'tasksPerSecond', 'busiestShare'],
    maxRounds,
    input: { instances: instanceCount, workers, tasks: 60_000, tags: 10_000, handlerMs: 2 },
  });

export const growthCases = [
  ...[10, 200, 2_000].map((tags) => grown('tags', 'tags', tags, { tags })),
  // Fewer, because a peer is slow with so many tags.
  grown('tags', 'tags', 20_000, { tags: 20_000, warmUpTasks: 20_000 }),
  ...[1, 10, 100].map((workers) => grown('workers', 'workers', workers, { workers })),
  ...[1, 10, 100, 1_000].map((maxBatchSize) =>
    grown('batch', 'tasks a batch at most', maxBatchSize, { maxBatchSize, tags: 20 }),
  ),
  ...[1, 2, 4].map(instances),
  fleet(1, 100),
  fleet(20, 50),
  defineCase({
    name: 'scheduler-load',
    title: 'An instance in role SCHEDULER at 2,000 tasks/s',
    group: 'scheduler',
    measurement: 'schedulerLoad',
    peers: ['affinity'],
    metrics: ['percentOfCore', 'reachedPerSecond'],
    maxRounds,
    warmUp: { tasksPerSecond: 1_000, seconds: 2, tags: 1_000, workers: 20 },
    input: { tasksPerSecond: 2_000, seconds: 10, tags: 1_000, workers: 20 },
  }),
];
