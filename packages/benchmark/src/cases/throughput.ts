import { realPeers } from '../peers/names.js';
import { defineCase } from './bench-case.js';
import { standardLoad, warmUpTasks } from './standard-load.js';

const { workers } = standardLoad;
const warmUp = { ...standardLoad, tasks: warmUpTasks.full };
const quickWarmUp = { ...standardLoad, tasks: warmUpTasks.quick };

const waiting = (handlerMs: number, tasks: number, quickTasks?: number) =>
  defineCase({
    name: `wait-${handlerMs}ms`,
    title: `Process, a handler that waits ${handlerMs} ms`,
    group: 'wait',
    x: { label: 'handler, ms', value: handlerMs },
    measurement: 'process',
    peers: [...realPeers, 'ideal'],
    metrics: ['tasksPerSecond', 'nodeMicrosPerTask', 'redisMicrosPerTask', 'outOfOrder'],
    warmUp,
    quickWarmUp,
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
      'outOfOrder',
    ],
    input: { ...standardLoad, warmUpTasks: warmUpTasks.full },
    profiled: true,
    quickRounds: 2,
    quickInput: { ...standardLoad, tasks: 10_000, warmUpTasks: warmUpTasks.quick },
  }),
  defineCase({
    name: 'process-cold',
    title: 'Process, in a process that has just begun',
    group: 'process',
    measurement: 'process',
    peers: realPeers,
    metrics: ['tasksPerSecond', 'redisMicrosPerTask', 'nodeMicrosPerTask', 'startMs'],
    input: standardLoad,
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
    input: { ...standardLoad, instances: 4, warmUpTasks: warmUpTasks.full, inFlight: 25 },
  }),
];
