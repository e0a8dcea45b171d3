import { QueueProbe } from '../health/queue-probe.js';
import type { QueueStats } from '../producer/queue-stats.js';
import type { QueueService } from '../producer/queue-service.js';
import type { QueueRuntime } from '../module/queue-runtime.js';
import type { MetricName } from './metric-definitions.js';

/** A value with its labels beside `queue`. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];
export type Samples = ReadonlyMap<MetricName, readonly Sample[]>;

/** Asks Redis about a whole queue: once per scrape, whichever of the gauges comes first. */
export class QueueScrape {
  readonly #probe: QueueProbe;
  #asking: Promise<Samples> | undefined;

  constructor(
    queue: Pick<QueueRuntime, 'sight'>,
    private readonly queueService: Pick<QueueService, 'getQueueStats'>,
    private readonly timeoutMs: number,
  ) {
    this.#probe = new QueueProbe(queue);
  }

  samples(): Promise<Samples> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  /** Without an answer there is one sample only: that there was none. */
  async #ask(): Promise<Samples> {
    try {
      // The probe first: while Redis is silent, nothing else is asked.
      const sighting = await this.#probe.look(this.timeoutMs);
      const stats = await this.queueService.getQueueStats();
      const waitingMs = sighting.oldestTag === null ? 0 : sighting.nowMs - sighting.oldestSinceMs;
      return new Map<MetricName, readonly Sample[]>([
        ...samplesOf(stats),
        ['affinity_queue_up', [[{}, 1]]],
        ['affinity_queue_has_leader', [[{}, sighting.lockValue === '' ? 0 : 1]]],
        ['affinity_queue_oldest_waiting_tag_seconds', [[{}, waitingMs / 1_000]]],
      ]);
    } catch {
      return new Map([['affinity_queue_up', [[{}, 0]]]] as const);
    }
  }
}

function samplesOf(stats: QueueStats): [MetricName, readonly Sample[]][] {
  const states = (values: Readonly<Record<string, number>>): Sample[] =>
    Object.entries(values).map(([state, value]) => [{ state }, value] as const);
  const { waiting, active, delayed, completed, failed } = stats;
  return [
    ['affinity_queue_tasks', states({ waiting, active, delayed, completed, failed })],
    ['affinity_queue_tags', states({ waiting: stats.tagsWaiting, bound: stats.tagsBound })],
    ['affinity_queue_workers', states({ idle: stats.workersIdle, running: stats.workersRunning })],
    ['affinity_queue_paused', [[{}, stats.paused ? 1 : 0]]],
  ];
}
