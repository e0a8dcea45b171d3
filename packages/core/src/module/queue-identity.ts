import type { QueueLog } from '../observability/messages/queue-log.js';
import type { ResolvedQueueOptions } from '../options/resolved-options.js';
import type { QueueKeys } from '../redis/queue-keys.js';
import type { QueueErrors } from './queue-errors.js';

/** A queue as far as it is known before it is put together. */
export interface QueueIdentity {
  readonly options: ResolvedQueueOptions;
  readonly keys: QueueKeys;
  readonly log: QueueLog;
  readonly errors: QueueErrors;
}
