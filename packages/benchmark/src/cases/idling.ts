import { realPeers } from '../peers/names.js';
import { defineCase } from './bench-case.js';

const connections = (workers: number, queues: number) =>
  defineCase({
    name: `connections-${workers}w-${queues}q`,
    title: `Connections of one instance: ${workers} workers, ${queues} queues`,
    group: 'connections',
    measurement: 'connections',
    peers: realPeers,
    metrics: ['connections'],
    maxRounds: 1,
    input: { workers, queues },
  });

export const idlingCases = [
  defineCase({
    name: 'latency',
    title: 'Idle latency, from add to the start of the handler',
    group: 'latency',
    measurement: 'latency',
    peers: realPeers,
    metrics: ['p50Ms', 'p99Ms'],
    warmUp: { samples: 30, tags: 50, workers: 10, idleMs: 5 },
    input: { samples: 200, tags: 50, workers: 10, idleMs: 30 },
    quickInput: { samples: 50, tags: 50, workers: 10, idleMs: 20 },
  }),
  defineCase({
    name: 'idle',
    title: 'Commands sent while there is nothing to do, 2 instances with 10 workers',
    group: 'idle',
    measurement: 'idle',
    peers: realPeers,
    metrics: ['commandsPerSecond'],
    maxRounds: 1,
    input: { instances: 2, workers: 10, settleMs: 6_000, windowMs: 20_000 },
  }),
  connections(1, 1),
  connections(100, 1),
  connections(1, 10),
  connections(100, 10),
  defineCase({
    name: 'connections-events',
    title: 'Connections of one instance with a subscriber of events: 10 workers, 1 queue',
    group: 'connections',
    measurement: 'eventConnections',
    peers: ['affinity'],
    metrics: ['connections'],
    maxRounds: 1,
    input: { workers: 10, queues: 1 },
  }),
];
