import type { HostProcess } from '../domain/host-process.js';
import type { ResolvedQueueOptions } from '../options/resolved-options.js';
import type { QueueKeys } from './queue-keys.js';
import type { QueueScripts } from './queue-scripts.js';
import type { RedisHub } from './redis-hub.js';

/** What every service of one queue works with. */
export interface QueueContext {
  /** This instance: one application process. */
  readonly nodeId: string;
  /** Its process, where neighbours can see it end. */
  readonly process?: HostProcess | undefined;
  readonly options: ResolvedQueueOptions;
  readonly keys: QueueKeys;
  readonly scripts: QueueScripts;
  readonly hub: RedisHub;
}
