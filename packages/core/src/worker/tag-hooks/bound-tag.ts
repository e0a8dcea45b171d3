import type { ReleaseReason } from '../../domain/release-reason.js';
import type { TagHookRegistry } from './tag-hook-registry.js';
import type { TagBinding, TagHooks } from './tag-hooks.js';

/** What a batch needs of its worker. */
export interface BoundTagLane {
  readonly hooks: TagHookRegistry;
  /** Aborts the attempt that runs if the worker has lost its lease meanwhile; asked right before a hook or handler begins. */
  readonly checkLease: () => void;
  readonly onReleaseFailed: (binding: TagBinding, error: unknown) => void;
}

/** One batch of one worker, from the first handler that is to run to the release hooks. */
export class BoundTag {
  /** Hooks whose `bound` succeeded or still runs, in this order. */
  readonly #opened = new Map<TagHooks, Promise<void>>();
  /** Attempts whose hooks or handlers have not settled; one that timed out may be among them for long. */
  readonly #underWay = new Set<Promise<unknown>>();
  /** The release that is wanted, or runs. */
  #release: { readonly reason: ReleaseReason; readonly done: Promise<void> } | undefined;
  #isClosing = false;
  #isReleased = false;

  /** @param before - ends when this batch may be opened: release hooks of its own that still run */
  constructor(
    readonly binding: TagBinding,
    private readonly lane: BoundTagLane,
    private readonly before?: Promise<void>,
  ) {}

  get isRunning(): boolean {
    return this.#underWay.size > 0;
  }

  /** Whether the release hooks have ended. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  /**
   * Runs a handler, after the hooks that have not been run for this batch yet.
   *
   * @param assertWanted - throws once the attempt is not wanted any more; asked before each step
   */
  run<T>(assertWanted: () => void, handler: () => T | Promise<T>): Promise<T> {
    const run = this.#open(assertWanted).then(handler);
    this.#underWay.add(run);
    const over = (): void => {
      this.#underWay.delete(run);
    };
    run.then(over, over);
    return run;
  }

  /** Runs the release hooks of what was opened, the last one first, after everything has settled. Never rejects. */
  release(reason: ReleaseReason): Promise<void> {
    this.#release ??= { reason, done: Promise.resolve().then(() => this.#close(reason)) };
    return this.#release.done;
  }

  /** More of the batch has come. @returns whether that was in time: no release hook had begun */
  rejoin(): boolean {
    if (!this.#isClosing) this.#release = undefined;
    return !this.#isClosing;
  }

  async #open(assertWanted: () => void): Promise<void> {
    const { hooks: registry, checkLease } = this.lane;
    if (this.before) await this.before;
    for (const hooks of [...registry.all]) {
      checkLease();
      assertWanted();
      await (this.#opened.get(hooks) ?? this.#begin(hooks));
    }
    checkLease();
    assertWanted();
  }

  #begin(hooks: TagHooks): Promise<void> {
    const beginning = (async () => {
      await hooks.bound?.(this.binding);
    })();
    this.#opened.set(hooks, beginning);
    beginning.catch(() => this.#opened.delete(hooks));
    return beginning;
  }

  async #close(reason: ReleaseReason): Promise<void> {
    const own = this.#release;
    while (this.isRunning && this.#release === own) await Promise.allSettled(this.#underWay);
    if (this.#release !== own) return;
    this.#isClosing = true;
    const release = Object.freeze({ ...this.binding, reason });
    for (const hooks of [...this.#opened.keys()].reverse()) {
      try {
        await hooks.released?.(release);
      } catch (error) {
        this.lane.onReleaseFailed(this.binding, error);
      }
    }
    this.#isReleased = true;
  }
}
