import type { ReleaseReason } from '../../domain/release-reason.js';
import { settlesWithin } from '../settles-within.js';
import { BoundTag, type BoundTagLane } from './bound-tag.js';
import type { TagBinding } from './tag-hooks.js';

export interface LaneBindingsDependencies extends BoundTagLane {
  /** Name of the feature. */
  readonly queue: string | undefined;
  readonly workerId: string;
  /** For so long at most the worker waits for release hooks; 0: until they have ended. */
  readonly longestReleaseMs: number;
}

/** What the hooks of an application have open for one worker: at most one batch, besides those that are on their way out. */
export class LaneBindings {
  readonly #dependencies: LaneBindingsDependencies;
  #current: BoundTag | undefined;
  readonly #leaving = new Set<Promise<unknown>>();
  /** Batches whose release hooks have not ended, by fencing token. */
  readonly #ending = new Map<number, BoundTag>();

  constructor(dependencies: LaneBindingsDependencies) {
    this.#dependencies = dependencies;
  }

  /** Whether release hooks have to run before the batch may end. */
  get isOpen(): boolean {
    return this.#current !== undefined;
  }

  /** The batch of a task that is to run; nothing where there are no hooks. */
  enter(task: Omit<TagBinding, 'queue' | 'workerId'>): BoundTag | undefined {
    const { hooks, queue, workerId } = this.#dependencies;
    if (hooks.isEmpty) return undefined;
    const { identifyTag, fencingToken, batchSize } = task;
    // Another batch without a word about the end of this one: its tasks were taken away with the queue's keys.
    if (this.#current && this.#current.binding.fencingToken !== fencingToken) void this.leave('empty');
    const binding = Object.freeze({ queue, identifyTag, workerId, fencingToken, batchSize });
    this.#current ??= this.#begin(binding);
    return this.#current;
  }

  /** Tasks may join a batch that was over, while its release is not: then bind and release take turns all the same. */
  #begin(binding: TagBinding): BoundTag {
    const ending = this.#ending.get(binding.fencingToken);
    if (ending?.rejoin()) return ending;
    return new BoundTag(binding, this.#dependencies, ending?.release('empty'));
  }

  /**
   * Ends the batch that is open, if there is one. Resolves when its release hooks have run, or have taken too long; they are
   * not waited for while a handler still runs that nobody waits for, such as one that timed out.
   */
  async leave(reason: ReleaseReason): Promise<void> {
    const bound = this.#current;
    this.#current = undefined;
    if (bound !== undefined) this.#release(bound, reason);
    if (this.#leaving.size > 0) await Promise.all(this.#leaving);
  }

  #release(bound: BoundTag, reason: ReleaseReason): void {
    const { isRunning } = bound;
    const released = bound.release(reason);
    const { fencingToken } = bound.binding;
    this.#ending.set(fencingToken, bound);
    void released.then(() => {
      if (bound.isReleased && this.#ending.get(fencingToken) === bound) this.#ending.delete(fencingToken);
    });
    if (isRunning) return;
    const { longestReleaseMs } = this.#dependencies;
    const leaving = longestReleaseMs > 0 ? settlesWithin(released, longestReleaseMs) : released;
    this.#leaving.add(leaving);
    void leaving.finally(() => this.#leaving.delete(leaving));
  }
}
