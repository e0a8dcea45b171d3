import { realPeers } from '../peers/names.js';
import { defineCase } from './bench-case.js';

const tags = 200;

export const addingCases = [
  defineCase({
    name: 'add-bulk',
    title: 'Add in bulk, 500 at a time',
    group: 'add',
    measurement: 'add',
    peers: realPeers,
    metrics: ['tasksPerSecond', 'redisMicrosPerTask', 'nodeMicrosPerTask', 'scriptsPerTask'],
    warmUp: { tasks: 20_000, tags, perCall: 500 },
    profiled: true,
    input: { tasks: 20_000, tags, perCall: 500 },
    quickInput: { tasks: 10_000, tags, perCall: 500 },
  }),
  defineCase({
    name: 'add-single',
    title: 'Add one by one, 100 in flight',
    group: 'add',
    measurement: 'add',
    peers: realPeers,
    metrics: ['tasksPerSecond', 'redisMicrosPerTask', 'nodeMicrosPerTask', 'scriptsPerTask'],
    warmUp: { tasks: 20_000, tags, inFlight: 100 },
    profiled: true,
    input: { tasks: 20_000, tags, inFlight: 100 },
    quickInput: { tasks: 5_000, tags, inFlight: 100 },
  }),
];
