import type { BulkTask } from 'nestjs-affinity-queue';
import type { SeededRandom } from '../random/seeded-random.js';

/** What a task does. */
export interface Step {
  readonly ms: number;
  /** So many attempts fail. */
  readonly failures: number;
  /** Whether its handler writes progress, log and data. */
  readonly writes: boolean;
  /** So many tasks of which it waits for the end. */
  readonly children?: number;
}

/** What one call adds: one task, or several at once. */
export type Call = readonly BulkTask[];

const quick: Step = { ms: 0, failures: 0, writes: false };

/** Few tags have most of the tasks, as tenants do. */
function skewedTag(random: SeededRandom, count: number): string {
  return `tag ${random.skewed(count)}`;
}

function durationMs(random: SeededRandom): number {
  if (random.chance(0.06)) return random.int(200, 600);
  return random.chance(0.3) ? random.int(5, 40) : random.int(0, 3);
}

/** Tasks of all kinds: slow ones, failing ones, delayed ones, out of order, added twice, deduplicated. */
function mixed(random: SeededRandom): Call {
  const count = random.chance(0.2) ? random.int(2, 8) : 1;
  return Array.from({ length: count }, () => mixedTask(random));
}

function mixedTask(random: SeededRandom): BulkTask {
  const identifyTag = skewedTag(random, 24);
  const task = { type: 'step', identifyTag, payload: { ...quick, ms: durationMs(random) } };
  const kind = random.int(1, 100);
  if (kind <= 8)
    return { ...task, payload: { ...task.payload, failures: 1 }, options: { backoff: random.int(20, 200) } };
  if (kind <= 10)
    return {
      ...task,
      payload: { ...task.payload, failures: 9 },
      options: { attempts: 2, backoff: random.int(20, 100) },
    };
  if (kind <= 13)
    return {
      ...task,
      payload: { ...task.payload, failures: 1 },
      options: { retryOrder: 'skip', backoff: random.int(20, 200) },
    };
  if (kind <= 18) return { ...task, options: { delay: random.int(30, 500) } };
  if (kind <= 20) return { ...task, options: { deduplication: { id: `once ${random.int(1, 20)}` } } };
  if (kind <= 26) return { ...task, payload: { ...task.payload, writes: true } };
  return task;
}

/** As `mixed`, and tasks that wait for others. */
function full(random: SeededRandom): Call {
  if (!random.chance(0.02)) return mixed(random);
  const payload = { ...quick, children: random.int(1, 3) };
  return [{ type: 'step', identifyTag: skewedTag(random, 24), payload }];
}

/** Short tasks that all succeed: whatever waits, waits for the scheduler. */
function plain(random: SeededRandom): Call {
  return [
    {
      type: 'step',
      identifyTag: `tag ${random.int(0, 19)}`,
      payload: { ...quick, ms: random.chance(0.1) ? random.int(20, 80) : random.int(0, 5) },
    },
  ];
}

/** Tasks that take a while, so that whoever dies runs some. */
function steady(random: SeededRandom): Call {
  const payload = { ...quick, ms: random.int(40, 160) };
  return [{ type: 'step', identifyTag: `tag ${random.int(0, 29)}`, payload }];
}

export const workloads = { mixed, full, plain, steady } as const satisfies Record<
  string,
  (random: SeededRandom) => Call
>;

export type WorkloadName = keyof typeof workloads;
