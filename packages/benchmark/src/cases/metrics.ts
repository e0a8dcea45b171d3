export interface Metric {
  readonly label: string;
  readonly better: 'higher' | 'lower' | 'neither';
  readonly digits: number;
}

const higher = (label: string, digits = 0): Metric => ({ label, better: 'higher', digits });
const lower = (label: string, digits = 1): Metric => ({ label, better: 'lower', digits });
const plain = (label: string, digits = 0): Metric => ({ label, better: 'neither', digits });

/** Every figure that a measurement can return, with how it is shown. */
export const metrics = {
  tasksPerSecond: higher('tasks/s'),
  startMs: lower('first start, ms'),
  redisMicrosPerTask: lower('Redis CPU, µs/task'),
  redisMicrosPerProcessed: lower('Redis CPU without adding, µs/task'),
  nodeMicrosPerTask: lower('Node CPU, µs/task'),
  scriptsPerTask: lower('scripts/task', 2),
  commandsPerTask: lower('commands/task, in scripts too'),
  outOfOrder: plain('out of order within a tag'),
  p50Ms: lower('p50, ms', 2),
  p99Ms: lower('p99, ms', 2),
  bytesPerTask: lower('bytes/task', 0),
  addMicrosPerTask: lower('add: Redis CPU, µs/task'),
  takeInMicrosPerTask: lower('intake: Redis CPU, µs/task'),
  fewDispatchMicros: lower('1,000 pending: dispatch, µs/task', 2),
  manyDispatchMicros: lower('1,000,000 pending: dispatch, µs/task', 2),
  growth: lower('ratio', 2),
  addHoldMs: lower('add: longest script, ms', 2),
  takeInHoldMs: lower('intake: longest script, ms', 2),
  processHoldMs: lower('dispatch, take, commit: longest script, ms', 2),
  holdsOver5Ms: lower('scripts over 5 ms', 0),
  longestHoldMs: lower('longest script, ms', 2),
  connections: lower('connections', 0),
  commandsPerSecond: lower('commands/s and instance', 2),
  done: higher('done'),
  overlaps: lower('overlaps', 0),
  disorder: lower('out of order', 0),
  missing: lower('missing', 0),
  repeated: lower('run twice', 0),
  busiestShare: lower('share of the busiest instance', 2),
  percentOfCore: lower('% of a core', 1),
  reachedPerSecond: plain('tasks/s'),
  takeoverP50Ms: lower('takeover p50, ms'),
  takeoverMaxMs: lower('takeover max, ms'),
  dispatchP50Ms: lower('next dispatch p50, ms'),
  dispatchMaxMs: lower('next dispatch max, ms'),
  calls: lower('calls', 0),
  totalMs: lower('whole search, ms', 0),
  callMs: lower('median call, ms', 3),
  longestCallMs: lower('longest call, ms', 2),
  keysMs: lower('the same by KEYS, one call, ms', 0),
  moved: plain('tags moved'),
  maxMs: lower('max, ms', 1),
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof metrics;
