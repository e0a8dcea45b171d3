/**
 * One measurement of one peer in a process of its own: `node measure.js <order as JSON>`, with the address of a Redis
 * that it may flush in BENCH_REDIS_URL. Prints the values as one line of JSON.
 */
import { Redis } from 'ioredis';
import type { MeasurementName } from './measurements/index.js';
import { measurements } from './measurements/index.js';
import type { Measurement, Values } from './measurements/measurement.js';
import { peers, type PeerName } from './peers/index.js';

export interface MeasureOrder {
  readonly peer: PeerName;
  readonly measurement: MeasurementName;
  readonly input: unknown;
  /** A smaller input that is measured before, in the same process, and thrown away: code is compiled and caches are warm. */
  readonly warmUp?: unknown;
}

const order = JSON.parse(process.argv[2] ?? '') as MeasureOrder;
const redisUrl = process.env.BENCH_REDIS_URL;
if (redisUrl === undefined) throw new Error('BENCH_REDIS_URL is not set');

if (order.warmUp !== undefined) await measureOnEmptyRedis(redisUrl, order.warmUp);
const values = await measureOnEmptyRedis(redisUrl, order.input);
process.stdout.write(`${JSON.stringify(values)}\n`, () => process.exit(0));

async function measureOnEmptyRedis(url: string, input: unknown): Promise<Values> {
  const admin = new Redis(url);
  await admin.flushall();
  await admin.config('RESETSTAT');
  await admin.config('SET', 'slowlog-log-slower-than', '-1');
  const measurement = measurements[order.measurement] as Measurement<unknown>;
  const found = await measurement(
    { redisUrl: url, admin, peer: order.peer, open: peers[order.peer].open },
    input,
  );
  admin.disconnect();
  return found;
}
