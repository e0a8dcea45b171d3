import { displayValue } from '../domain/text.js';
import { InvalidOptionsError, type OptionProblem } from '../errors/errors.js';
import { metricDefinitions, type MetricDefinition } from './metric-definitions.js';
import type { QueueMetricsOptions } from './queue-metrics-options.js';

/** What QueueMetricsService sees of its options. */
export interface ResolvedMetricsOptions extends Pick<QueueMetricsOptions, 'registry'> {
  readonly buckets: NonNullable<QueueMetricsOptions['buckets']>;
  readonly timeoutMs: number;
}

const defaultTimeoutMs = 2_000;

/** @throws {@link InvalidOptionsError} */
export function resolveMetricsOptions({
  registry,
  buckets = {},
  timeout = defaultTimeoutMs,
}: QueueMetricsOptions): ResolvedMetricsOptions {
  const problems: OptionProblem[] = [];
  if (!(typeof timeout === 'number' && timeout > 0 && timeout < 2 ** 31))
    problems.push({ option: 'timeout', value: displayValue(timeout), allowed: 'milliseconds, above 0' });
  for (const [name, limits] of Object.entries(buckets)) {
    const option = `buckets.${name}`;
    const definition = (metricDefinitions as Readonly<Record<string, MetricDefinition>>)[name];
    if (definition?.kind !== 'histogram')
      problems.push({ option, value: displayValue(name), allowed: histograms.join(', ') });
    else if (!isRising(limits))
      problems.push({ option, value: displayValue(limits), allowed: 'rising numbers' });
  }
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return Object.freeze({ ...(registry && { registry }), buckets, timeoutMs: timeout });
}

const histograms = Object.entries(metricDefinitions as Readonly<Record<string, MetricDefinition>>)
  .filter(([, { kind }]) => kind === 'histogram')
  .map(([name]) => name);

function isRising(limits: unknown): boolean {
  return (
    Array.isArray(limits) &&
    limits.length > 0 &&
    limits.every((limit, index) => Number.isFinite(limit) && (index === 0 || limit > limits[index - 1]))
  );
}
