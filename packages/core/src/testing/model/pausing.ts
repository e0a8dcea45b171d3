import { dropAhead } from './batches.js';
import type { QueueState } from './queue-state.js';
import { changeTag, returnToTag, tagOf } from './tags.js';

/** Stops a tag. What was dispatched goes back to its head; a running task goes on. */
export function pauseTag(state: QueueState, identifyTag: string): void {
  if (tagOf(state, identifyTag).paused) return;
  changeTag(state, identifyTag, (tag) => (tag.paused = true));
  for (const owner of [...tagOf(state, identifyTag).owners]) {
    const worker = state.workers.get(owner);
    if (worker?.ahead?.identifyTag === identifyTag) dropAhead(state, worker);
    if (worker?.batch?.identifyTag !== identifyTag) continue;
    changeTag(state, identifyTag, (tag) => returnToTag(state, tag, worker.wait));
  }
}

/** Lets a paused tag go on. */
export function resumeTag(state: QueueState, identifyTag: string): void {
  if (state.tags.get(identifyTag)?.paused !== true) return;
  changeTag(state, identifyTag, (tag) => (tag.paused = false));
}
