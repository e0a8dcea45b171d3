import type { ReleaseReason } from '../../domain/release-reason.js';

/**
 * A tag that is bound to a worker of this instance, for one batch.
 *
 * @publicApi
 */
export interface TagBinding {
  /** Name of the feature; `undefined` for the root queue. */
  readonly queue: string | undefined;
  readonly identifyTag: string;
  readonly workerId: string;
  /** That of the tasks of this batch: see `TaskContext`. */
  readonly fencingToken: number;
  /** Tasks of the batch that were known when its first handler was about to run; more may have joined since. */
  readonly batchSize: number;
}

/**
 * The same, at its end.
 *
 * @publicApi
 */
export interface TagRelease extends TagBinding {
  readonly reason: ReleaseReason;
}

/**
 * What an application opens and closes around the tasks of a tag. Both may be asynchronous, and both are awaited.
 *
 * @publicApi
 */
export interface TagHooks {
  /**
   * Before the first handler of a batch. What it throws fails the attempt of that task; it is called again before the next
   * one.
   */
  bound?: (binding: TagBinding) => unknown;
  /** After the last handler of a batch for which `bound` succeeded, or was left out: exactly once. */
  released?: (release: TagRelease) => unknown;
}
