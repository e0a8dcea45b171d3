import { defineCase } from './bench-case.js';

const maxRounds = 3;

export const failoverCases = [
  defineCase({
    name: 'takeover',
    title: 'Takeover after a resignation, 2 instances',
    group: 'takeover',
    measurement: 'takeover',
    peers: ['affinity'],
    metrics: ['takeoverP50Ms', 'takeoverMaxMs', 'dispatchP50Ms', 'dispatchMaxMs'],
    maxRounds,
    input: { times: 6, betweenMs: 1_500 },
  }),
  defineCase({
    name: 'standstill',
    title: 'Standstill of a tag when its instance stops gracefully',
    group: 'standstill',
    measurement: 'standstill',
    peers: ['affinity'],
    metrics: ['p50Ms', 'maxMs', 'moved'],
    maxRounds,
    input: { tags: 20, tasksPerTag: 60, handlerMs: 10, stopAfter: 300 },
  }),
];
