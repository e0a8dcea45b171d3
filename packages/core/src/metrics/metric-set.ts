import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { metricDefinitions, type MetricDefinition, type MetricName } from './metric-definitions.js';

/** Called at every scrape, before the values are read. */
export interface ScrapeHooks {
  gauge(name: MetricName, gauge: Gauge): Promise<void>;
  histogram(name: MetricName): void;
  counter(name: MetricName): void;
}

/** The metrics in a registry: made together, and removed together. */
export class MetricSet {
  readonly #metrics = new Map<MetricName, Counter | Gauge | Histogram>();

  constructor(
    private readonly registry: Registry,
    buckets: Readonly<Partial<Record<MetricName, readonly number[]>>>,
    hooks: ScrapeHooks,
  ) {
    for (const name of Object.keys(metricDefinitions) as MetricName[]) {
      const definition: MetricDefinition = metricDefinitions[name];
      const shared = {
        name,
        help: definition.help,
        labelNames: ['queue', ...definition.labels],
        registers: [registry],
      };
      if (definition.kind === 'counter') {
        const collect = (): void => {
          hooks.counter(name);
        };
        this.#metrics.set(name, new Counter({ ...shared, collect }));
      } else if (definition.kind === 'gauge') {
        const gauge: Gauge = new Gauge({ ...shared, collect: () => hooks.gauge(name, gauge) });
        this.#metrics.set(name, gauge);
      } else {
        const limits = [...(buckets[name] ?? definition.buckets ?? [])];
        const collect = (): void => {
          hooks.histogram(name);
        };
        this.#metrics.set(name, new Histogram({ ...shared, buckets: limits, collect }));
      }
    }
  }

  count(name: MetricName, labels: Readonly<Record<string, string>>, by = 1): void {
    (this.#metrics.get(name) as Counter).inc(labels, by);
  }

  observe(name: MetricName, labels: Readonly<Record<string, string>>, value: number): void {
    (this.#metrics.get(name) as Histogram).observe(labels, value);
  }

  /** Removes what this set put into the registry, and nothing else. */
  remove(): void {
    for (const [name, metric] of this.#metrics) {
      if (this.registry.getSingleMetric(name) === metric) this.registry.removeSingleMetric(name);
    }
  }
}
