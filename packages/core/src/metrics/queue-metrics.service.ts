import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { register, type Gauge, type Registry } from 'prom-client';
import { AffinityInstance } from '../module/affinity-instance.js';
import type { MetricName } from './metric-definitions.js';
import { MetricSet } from './metric-set.js';
import type { ResolvedMetricsOptions } from './resolve-metrics-options.js';
import { WatchedQueue } from './watched-queue.js';

export const metricsOptionsToken = 'AffinityQueue:MetricsOptions';

/**
 * Keeps the metrics of all queues of this application in a registry of prom-client.
 *
 * @publicApi
 */
@Injectable()
export class QueueMetricsService implements OnModuleInit, OnModuleDestroy {
  /** Holds the metrics; whoever serves `/metrics` asks it. */
  readonly registry: Registry;
  #metrics: MetricSet | undefined;
  #queues: readonly WatchedQueue[] = [];

  /** @internal */
  constructor(
    @Inject(AffinityInstance) private readonly instance: AffinityInstance,
    @Inject(metricsOptionsToken) private readonly options: ResolvedMetricsOptions,
  ) {
    this.registry = options.registry ?? register;
  }

  /** Content type of {@link metrics}. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** All metrics of the registry, as Prometheus reads them. */
  metrics(): Promise<string> {
    return this.registry.metrics();
  }

  /** @internal All queues have joined by now, and none has begun to work. */
  onModuleInit(): void {
    const { buckets, timeoutMs } = this.options;
    const metrics = new MetricSet(this.registry, buckets, {
      gauge: (name, gauge) => this.#collect(name, gauge),
      counter: (name) => {
        if (name === 'affinity_queue_tasks_total') for (const queue of this.#queues) queue.announceTypes();
      },
      histogram: (name) => {
        if (name === 'affinity_queue_batch_size') for (const queue of this.#queues) queue.settleBatches();
      },
    });
    this.#metrics = metrics;
    this.#queues = this.instance.queues.map((queue) => new WatchedQueue(queue, metrics, timeoutMs));
  }

  /** @internal */
  onModuleDestroy(): void {
    for (const queue of this.#queues) queue.stop();
    this.#metrics?.remove();
  }

  async #collect(name: MetricName, gauge: Gauge): Promise<void> {
    const samples = await Promise.all(this.#queues.map((queue) => queue.samples(name)));
    gauge.reset();
    for (const [labels, value] of samples.flat()) gauge.set(labels, value);
  }
}
