import { takeOff, type QueueState, type TagRecord } from './queue-state.js';

/**
 * Ownership of tags and the ring. A tag is in the ring, once, exactly while it is ready: it has indexed tasks, fewer owners
 * than its limit, and is neither parked nor paused. Every change to one of these goes through {@link changeTag}.
 */
export function tagOf(state: QueueState, identifyTag: string): TagRecord {
  let tag = state.tags.get(identifyTag);
  if (tag === undefined) {
    tag = { ids: [], owners: [], parkedUntilMs: undefined, paused: false };
    state.tags.set(identifyTag, tag);
  }
  return tag;
}

/** Whether the tag is in a back-off or paused. */
export function isHeld({ parkedUntilMs, paused }: TagRecord): boolean {
  return paused || parkedUntilMs !== undefined;
}

/**
 * Changes a tag, and puts it into the ring or takes it out as need be.
 *
 * @param where - `head` for tasks that come back from a worker that is gone; anything else joins the end of the ring
 */
export function changeTag(
  state: QueueState,
  identifyTag: string,
  change: (tag: TagRecord) => void,
  where: 'head' | 'end' = 'end',
): void {
  const tag = tagOf(state, identifyTag);
  change(tag);
  const ready = isReady(state, identifyTag, tag);
  if (!ready) takeOff(state.ring, identifyTag);
  else if (!state.ring.includes(identifyTag)) {
    if (where === 'head') state.ring.unshift(identifyTag);
    else state.ring.push(identifyTag);
  }
  if (isForgettable(tag)) state.tags.delete(identifyTag);
}

/** Takes a tag from the ring, to bind it; it rejoins at the end where it is still ready then. */
export function changeTakenTag(
  state: QueueState,
  identifyTag: string,
  change: (tag: TagRecord) => void,
): void {
  takeOff(state.ring, identifyTag);
  changeTag(state, identifyTag, change);
}

function isReady(state: QueueState, identifyTag: string, tag: TagRecord): boolean {
  const { identifyTagConcurrency: limits } = state.options;
  const limit = limits.tags[identifyTag] ?? limits.default;
  return tag.ids.length > 0 && tag.owners.length < Math.max(1, limit) && !isHeld(tag);
}

function isForgettable(tag: TagRecord): boolean {
  return tag.ids.length === 0 && tag.owners.length === 0 && !isHeld(tag);
}

/** Moves up to so many ids from the head of a tag to the end of a worker's list. */
export function moveFromTag(state: QueueState, tag: TagRecord, target: string[], count: number): number {
  const ids = tag.ids.splice(0, count);
  target.push(...ids);
  for (const id of ids) setPlace(state, id, 'dispatched');
  return ids.length;
}

/** Puts a worker's list back at the head of a tag, in its order. */
export function returnToTag(state: QueueState, tag: TagRecord, list: string[]): number {
  const ids = list.splice(0);
  tag.ids.unshift(...ids);
  for (const id of ids) setPlace(state, id, 'indexed');
  return ids.length;
}

function setPlace(state: QueueState, jobId: string, place: 'indexed' | 'dispatched'): void {
  const task = state.tasks.get(jobId);
  if (task !== undefined) task.place = place;
}
