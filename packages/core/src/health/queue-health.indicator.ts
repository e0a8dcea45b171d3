import { Inject, Injectable } from '@nestjs/common';
import { QueueHealthService } from './queue-health.service.js';
import type { ApplicationHealth, HealthCheckName } from './queue-health.js';

/** What terminus makes its answer of: the result of one indicator, under its key. @publicApi */
export type QueueHealthResult<Key extends string> = Record<Key, ApplicationHealth>;

/**
 * The indicator for `@nestjs/terminus` 11 and 12. What it returns is what their HealthIndicatorService makes; so this needs
 * nothing of terminus.
 *
 * @example
 * this.health.check([() => this.queues.isHealthy('queues')])
 * @publicApi
 */
@Injectable()
export class QueueHealthIndicator {
  /** @internal */
  constructor(@Inject(QueueHealthService) private readonly service: QueueHealthService) {}

  /** The health of all queues, under the key. @param checks - as in {@link QueueHealthService.check} */
  async isHealthy<Key extends string = 'queues'>(
    key: Key = 'queues' as Key,
    checks?: readonly HealthCheckName[],
  ): Promise<QueueHealthResult<Key>> {
    return { [key]: await this.service.check(checks) } as QueueHealthResult<Key>;
  }
}
