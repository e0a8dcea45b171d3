import type { Registry } from 'prom-client';
import type { MetricName } from './metric-definitions.js';

/** @publicApi */
export interface QueueMetricsOptions {
  /**
   * Where the metrics go.
   *
   * @default prom-client's own registry, `register`
   */
  registry?: Registry;

  /** Buckets of histograms in place of the default ones, in seconds or tasks. */
  buckets?: Readonly<Partial<Record<MetricName, readonly number[]>>>;

  /**
   * How long (milliseconds) Redis may take to answer at a scrape; without an answer `affinity_queue_up` is 0.
   *
   * @default 2000
   */
  timeout?: number;
}
