import { measureAdd } from './add.js';
import { measureBacklog } from './backlog.js';
import { measureConnections, measureEventConnections } from './connections.js';
import { measureDispatch } from './dispatch.js';
import { measureFleet } from './fleet.js';
import { measureIdle } from './idle.js';
import { measureLatency } from './latency.js';
import { measureMemory } from './memory.js';
import type { Measurement } from './measurement.js';
import { measureMixed } from './mixed.js';
import { measureProcess } from './process.js';
import { measureScan } from './scan.js';
import { measureSchedulerLoad } from './scheduler-load.js';
import { measureStandstill } from './standstill.js';
import { measureTakeover } from './takeover.js';

export const measurements = {
  process: measureProcess,
  add: measureAdd,
  mixed: measureMixed,
  latency: measureLatency,
  memory: measureMemory,
  backlog: measureBacklog,
  dispatch: measureDispatch,
  connections: measureConnections,
  eventConnections: measureEventConnections,
  fleet: measureFleet,
  idle: measureIdle,
  scan: measureScan,
  schedulerLoad: measureSchedulerLoad,
  takeover: measureTakeover,
  standstill: measureStandstill,
} as const;

export type MeasurementName = keyof typeof measurements;

export type InputOf<Name extends MeasurementName> =
  (typeof measurements)[Name] extends Measurement<infer Input> ? Input : never;
