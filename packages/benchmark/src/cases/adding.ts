import { realPeers } from '../peers/names.js';
import { defineCase } from './bench-case.js';
import { standardLoad, warmUpTasks } from './standard-load.js';

const full = { tasks: standardLoad.tasks, warmUpTasks: warmUpTasks.full, tags: standardLoad.tags };
const quick = { ...full, warmUpTasks: warmUpTasks.quick };

export const addingCases = [
  defineCase({
    name: 'add-bulk',
    title: 'Add in bulk, 500 at a time',
    group: 'add',
    measurement: 'add',
    peers: realPeers,
    metrics: ['tasksPerSecond', 'redisMicrosPerTask', 'nodeMicrosPerTask', 'scriptsPerTask'],
    profiled: true,
    input: { ...full, perCall: 500 },
    quickInput: { ...quick, tasks: 10_000, perCall: 500 },
  }),
  defineCase({
    name: 'add-single',
    title: 'Add one by one, 100 in flight',
    group: 'add',
    measurement: 'add',
    peers: realPeers,
    metrics: ['tasksPerSecond', 'redisMicrosPerTask', 'nodeMicrosPerTask', 'scriptsPerTask'],
    profiled: true,
    input: { ...full, inFlight: 100 },
    quickInput: { ...quick, tasks: 5_000, inFlight: 100 },
  }),
];
