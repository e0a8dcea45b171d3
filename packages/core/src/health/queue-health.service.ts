import { Inject, Injectable } from '@nestjs/common';
import { AffinityInstance } from '../module/affinity-instance.js';
import { QueueCheckup } from './queue-checkup.js';
import type { ResolvedHealthOptions } from './queue-health-options.js';
import type { ApplicationHealth, HealthCheckName } from './queue-health.js';

export const healthOptionsToken = 'AffinityQueue:HealthOptions';

/**
 * Says whether the queues of this application work, as this instance sees it. Needs no terminus.
 *
 * @publicApi
 */
@Injectable()
export class QueueHealthService {
  readonly #checkups = new Map<string, QueueCheckup>();

  /** @internal */
  constructor(
    @Inject(AffinityInstance) private readonly instance: AffinityInstance,
    @Inject(healthOptionsToken) private readonly options: ResolvedHealthOptions,
  ) {}

  /**
   * Never rejects: a Redis that does not answer is a problem like any other. Answers within `timeout` and `takeoverGrace`.
   *
   * @param checks - which checks decide on the status; for a probe that restarts a process, `['workers']`
   * @example
   * const health = await queueHealth.check();
   * if (health.status === 'down') throw new ServiceUnavailableException(health);
   */
  async check(checks?: readonly HealthCheckName[]): Promise<ApplicationHealth> {
    const all = await Promise.all(this.#all().map((checkup) => checkup.check(checks)));
    const isUp = all.every(({ status }) => status === 'up');
    return { status: isUp ? 'up' : 'down', queues: Object.fromEntries(all.map((one) => [one.queue, one])) };
  }

  /** Queues of features can join after this service was made. */
  #all(): QueueCheckup[] {
    for (const queue of this.instance.queues) {
      const { pendingQueueName } = queue.options;
      if (!this.#checkups.has(pendingQueueName))
        this.#checkups.set(pendingQueueName, new QueueCheckup(queue, this.options));
    }
    return [...this.#checkups.values()];
  }
}
