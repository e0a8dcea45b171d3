/**
 * One measurement of one peer in a process of its own: `node measure.js <order as JSON>`, with the address of a Redis
 * that it may flush in BENCH_REDIS_URL. Prints what it measured as one line of JSON.
 */
import { Redis } from 'ioredis';
import { startMeter, type StartMeter } from './instruments/meter.js';
import { measurements, type MeasurementName } from './measurements/index.js';
import type { Measurement, Values } from './measurements/measurement.js';
import { openers } from './peers/index.js';
import type { PeerName } from './peers/names.js';
import type { PhaseProfile } from './profile/phase-profile.js';
import { ProfilingMeter } from './profile/profiling-meter.js';

export interface MeasureOrder {
  readonly peer: PeerName;
  readonly measurement: MeasurementName;
  readonly input: unknown;
  /** A smaller input that is measured before, in the same process, and thrown away: code is compiled, caches are warm. */
  readonly warmUp?: unknown;
  /** Find out where the time goes; the values are slower than without. */
  readonly profile?: boolean;
}

export interface Measured {
  readonly values: Values;
  readonly profile: readonly PhaseProfile[];
}

const { peer, measurement, input, warmUp, profile } = JSON.parse(process.argv[2] ?? '') as MeasureOrder;
const redisUrl = process.env.BENCH_REDIS_URL;
if (redisUrl === undefined) throw new Error('BENCH_REDIS_URL is not set');

const admin = new Redis(redisUrl);
const profiling = profile ? new ProfilingMeter(admin) : undefined;
const plainMeter: StartMeter = () => startMeter(admin);

if (warmUp !== undefined) await measureOnEmptyRedis(redisUrl, warmUp, plainMeter);
const values = await measureOnEmptyRedis(redisUrl, input, profiling?.start ?? plainMeter);
const measured: Measured = { values, profile: profiling?.phases ?? [] };
process.stdout.write(`${JSON.stringify(measured)}\n`, () => process.exit(0));

async function measureOnEmptyRedis(url: string, load: unknown, meter: StartMeter): Promise<Values> {
  await admin.flushall();
  await admin.config('RESETSTAT');
  await admin.config('SET', 'slowlog-log-slower-than', '-1');
  const run = measurements[measurement] as Measurement<unknown>;
  return run({ redisUrl: url, admin, peer, open: openers[peer], startMeter: meter }, load);
}
