import type { Samples } from '../experiments/outcome.js';
import { leaseMs } from '../stage/lease.js';
import type { Percentiles } from '../measures/percentiles.js';

/** A time that is measured, and what it may be. */
export interface Bar {
  /** Its name among the samples. */
  readonly sample: string;
  /** The experiment that is there to measure it, and that holds it to the bar. */
  readonly timedBy: string;
  readonly what: string;
  readonly bound: string;
  readonly boundMs: number;
  /** Which of the figures is held against the bound. */
  readonly figure: keyof Omit<Percentiles, 'count'>;
}

/** Lock TTL and heartbeatTimeout of the campaign are one second. */
export const bars: readonly Bar[] = [
  {
    sample: 'leaderCrash',
    timedBy: 'failover',
    what: 'the leader is killed → the next leader gives tasks to workers',
    bound: 'lock TTL + 0.5 s (p99)',
    boundMs: leaseMs + 500,
    figure: 'p99',
  },
  {
    sample: 'resignation',
    timedBy: 'failover',
    what: 'the leader resigned → the next one leads',
    bound: '0.2 s (p99)',
    boundMs: 200,
    figure: 'p99',
  },
  {
    sample: 'workerCrash',
    timedBy: 'failover',
    what: 'a worker is killed → its task runs elsewhere',
    bound: 'heartbeatTimeout + 1 s (p99)',
    boundMs: leaseMs + 1_000,
    figure: 'p99',
  },
  {
    sample: 'leaderAndWorkerCrash',
    timedBy: 'random',
    what: 'a leader that works is killed → its task runs elsewhere',
    bound: 'the sum of both (p99)',
    boundMs: 2 * leaseMs + 1_500,
    figure: 'p99',
  },
  {
    sample: 'seenCrash',
    timedBy: 'same-host',
    what: 'a process is killed, and another one lives on its host → all goes on',
    bound: '1 s (p99), by leases of 20 s',
    boundMs: 1_000,
    figure: 'p99',
  },
  {
    sample: 'standstill',
    timedBy: 'rolling',
    what: 'rolling deploy: a tag has tasks and none of them runs (of each tag in each episode the longest time)',
    bound: '1 s (max)',
    boundMs: 1_000,
    figure: 'max',
  },
];

/** Whether a single time is longer than its bar allows most of them to be. */
export function missesBar(samples: Samples): boolean {
  return bars.some(({ sample, boundMs }) => samples[sample]?.some((ms) => ms > boundMs) === true);
}
