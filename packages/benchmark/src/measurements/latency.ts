import { quantile } from '../statistics/statistics.js';
import { pause } from '../instruments/until.js';
import type { Measurement } from './measurement.js';
import { makeTask } from './tasks.js';

export interface LatencyInput {
  readonly samples: number;
  readonly tags: number;
  readonly workers: number;
  /** Between the end of one task and the next `add`. */
  readonly idleMs: number;
}

/** One task at a time on an idle system: from the call of `add` to the start of its handler. */
export const measureLatency: Measurement<LatencyInput> = async ({ open, redisUrl }, input) => {
  const peer = await open(redisUrl, { workers: input.workers });
  let handled: (() => void) | undefined;
  await peer.process(() => {
    handled?.();
  });
  const latencyMs: number[] = [];
  for (let n = 0; n < input.samples; n += 1) {
    await pause(input.idleMs);
    const addedAt = performance.now();
    const started = new Promise<number>((resolve) => {
      handled = () => {
        resolve(performance.now());
      };
    });
    await peer.add(makeTask(n, input.tags));
    latencyMs.push((await started) - addedAt);
  }
  await peer.close();
  return { p50Ms: quantile(latencyMs, 0.5), p99Ms: quantile(latencyMs, 0.99), latencyMs };
};
