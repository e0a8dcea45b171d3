import { isReady } from './invariants.js';
import type { QueueState } from './queue-state.js';

/**
 * Round robin: between a tag becoming ready and its bind, every other tag is bound at most once. Binds are told apart by
 * their fencing tokens. A look-ahead that was taken back before it began is no bind.
 */
export class Fairness {
  /** Per ready tag: the binds of other tags since it became ready. */
  readonly #waiting = new Map<string, Map<string, Set<number>>>();
  #bound = new Map<number, { readonly tag: string; readonly isAhead: boolean }>();
  #lastFence = 0;

  observe(state: QueueState): string[] {
    const bound = new Map<number, { readonly tag: string; readonly isAhead: boolean }>();
    for (const { meta } of state.workers.values()) {
      if (meta.tag !== undefined) bound.set(Number(meta.fence), { tag: meta.tag, isAhead: false });
      if (meta.ntag !== undefined) bound.set(Number(meta.nfence), { tag: meta.ntag, isAhead: true });
    }
    for (const [fence, { tag, isAhead }] of this.#bound) {
      if (isAhead && !bound.has(fence))
        for (const binds of this.#waiting.values()) binds.get(tag)?.delete(fence);
    }
    const found = [...bound]
      .filter(([fence]) => fence > this.#lastFence)
      .sort(([a], [b]) => a - b)
      .flatMap(([fence, { tag }]) => this.#noteBind(tag, fence));
    this.#lastFence = Math.max(this.#lastFence, ...bound.keys());
    this.#bound = bound;
    for (const tag of state.tags.keys()) {
      if (!isReady(state, tag)) this.#waiting.delete(tag);
      else if (!this.#waiting.has(tag)) this.#waiting.set(tag, new Map());
    }
    return found;
  }

  /** Tags that go to the front of the ring for another reason than their turn. */
  forget(tags: readonly string[]): void {
    for (const binds of this.#waiting.values()) for (const tag of tags) binds.delete(tag);
  }

  #noteBind(tag: string, fence: number): string[] {
    this.#waiting.delete(tag);
    return [...this.#waiting].flatMap(([waiting, binds]) => {
      const fences = binds.get(tag) ?? new Set();
      binds.set(tag, fences.add(fence));
      return fences.size > 1 ? [`tag ${tag} was bound ${fences.size} times while ${waiting} was ready`] : [];
    });
  }
}
