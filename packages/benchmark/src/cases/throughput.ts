import { realPeers } from '../peers/names.js';
import { defineCase } from './bench-case.js';

const workers = 10;
const tags = 200;

const warmProcess = { tasks: 20_000, tags, workers };

const waiting = (handlerMs: number, tasks: number, quickTasks?: number) =>
  defineCase({
    name: `wait-${handlerMs}ms`,
    title: `Process, a handler that waits ${handlerMs} ms`,
    group: 'wait',
    x: { label: 'handler, ms', value: handlerMs },
    measurement: 'process',
    peers: [...realPeers, 'ideal'],
    metrics: ['tasksPerSecond', 'nodeMicrosPerTask', 'redisMicrosPerTask', 'outOfOrder'],
    warmUp: warmProcess,
    input: { tasks, tags: tasks / 10, workers, handlerMs },
    ...(quickTasks && { quickInput: { tasks: quickTasks, tags: quickTasks / 10, workers, handlerMs } }),
  });

export const throughputCases = [
  defineCase({
    name: 'process',
    title: 'Process, a handler that does nothing',
    group: 'process',
    measurement: 'process',
    peers: realPeers,
    metrics: [
      'tasksPerSecond',
      'redisMicrosPerTask',
      'redisMicrosPerProcessed',
      'nodeMicrosPerTask',
      'scriptsPerTask',
      'commandsPerTask',
      'startMs',
      'outOfOrder',
    ],
    warmUp: warmProcess,
    input: { tasks: 20_000, tags, workers },
    profiled: true,
    quickRounds: 2,
    quickInput: { tasks: 10_000, tags, workers },
  }),
  waiting(1, 20_000, 3_000),
  waiting(10, 4_000, 500),
  waiting(100, 600),
  defineCase({
    name: 'mixed',
    title: 'Add and process at once, 4 processes',
    group: 'mixed',
    measurement: 'mixed',
    peers: realPeers,
    metrics: ['tasksPerSecond', 'redisMicrosPerTask'],
    warmUp: { instances: 4, tasks: 2_000, tags, workers, inFlight: 25 },
    input: { instances: 4, tasks: 20_000, tags, workers, inFlight: 25 },
  }),
];
