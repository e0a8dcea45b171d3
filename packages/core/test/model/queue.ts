import { Batches, without } from './batches.js';
import type { ModelWorker } from './state.js';

/**
 * The steps of the scripts, each on a state that it may change. What must never happen is said to `violated`. What is left
 * out: delayed and prioritized tasks, several owners of a tag, limits of a dispatch, a paused queue and global concurrency.
 */
export class ModelQueue extends Batches {
  /** As another producer does: the leader takes the task in. */
  add(tag: number): void {
    const { state } = this;
    state.wait.push(state.tagOf.length);
    state.tagOf.push(tag);
  }

  /** As ours does: the task is indexed at once where nothing can be overtaken. */
  addAtOnce(tag: number): void {
    const { state } = this;
    if (state.wait.length > 0) return this.add(tag);
    const isOwned = state.workers.some((worker) => worker.tag === tag || worker.ahead === tag);
    this.changing([tag], () => state.lists[tag]!.push(state.tagOf.length));
    state.tagOf.push(tag);
    if (isOwned) state.touched[tag] = true;
  }

  /** Takes the lock, also from a holder that shows no life. */
  elect(leader: number): void {
    const { state } = this;
    state.beliefs = state.beliefs.map((belief) => (belief === 1 ? 2 : belief));
    state.beliefs[leader] = 1;
    state.lock = leader;
  }

  expire(): void {
    this.state.lock = -1;
  }

  /** @returns whether it was still the leader */
  resign(leader: number): boolean {
    const isAccepted = this.#fence(leader);
    if (isAccepted) this.state.lock = -1;
    this.state.beliefs[leader] = 0;
    return isAccepted;
  }

  /** @returns whether the leader was accepted */
  dispatch(leader: number): boolean {
    const { state } = this;
    if (!this.#fence(leader)) return false;
    for (const tag of state.parked.slice(0, state.due)) this.#unpark(tag);
    for (const id of state.wait.splice(0)) {
      const tag = state.tagOf[id]!;
      this.changing([tag], () => state.lists[tag]!.push(id));
      state.touched[tag] = true;
    }
    state.touched.forEach((isTouched, tag) => {
      if (isTouched) this.topUp(tag);
    });
    state.touched.fill(false);
    this.assign();
    return true;
  }

  /** @returns the task that the worker runs then; -1: none */
  take(index: number): number {
    const worker = this.worker(index);
    while (worker.cur < 0 && worker.tag >= 0 && !worker.leaving) {
      const id = worker.wait.shift();
      if (id === undefined) this.release(index);
      else this.#start(worker, id);
    }
    return worker.cur;
  }

  /** @param takes - the next task in the same step */
  complete(index: number, short: boolean, takes: boolean): number {
    return this.#end(index, this.state.done, short, takes);
  }

  fail(index: number, short: boolean, takes: boolean): number {
    return this.#end(index, this.state.failed, short, takes);
  }

  /** A failed attempt: the rest of the batch goes back with it, and where there is a back-off the tag waits. */
  retry(index: number, short: boolean, takes: boolean, parks: boolean): number {
    const worker = this.worker(index);
    const { cur } = worker;
    worker.cur = -1;
    if (this.mistake === 'tail on retry') worker.wait.push(cur);
    else worker.wait.unshift(cur);
    this.noteLength(index, short);
    this.release(index, parks);
    return takes ? this.take(index) : -1;
  }

  /** The next dispatch finds that the back-off of a tag is over. */
  backOffEnds(tag: number): void {
    const { state } = this;
    state.parked = without(state.parked, tag);
    state.parked.splice(state.due, 0, tag);
    state.due += 1;
  }

  lookAheadsWait(): void {
    for (const index of this.state.ahead) this.worker(index).waited = true;
  }

  pause(tag: number): void {
    const { state } = this;
    this.changing([tag], () => (state.paused[tag] = true));
    state.workers.forEach((worker, index) => {
      if (worker.ahead === tag) this.dropAhead(index);
      if (worker.tag === tag) state.lists[tag]!.unshift(...worker.wait.splice(0));
    });
  }

  resume(tag: number): void {
    this.changing([tag], () => (this.state.paused[tag] = false));
  }

  /** Its process dies. */
  crash(index: number): void {
    this.worker(index).status = 2;
  }

  /** Also of one that was only frozen: it goes on as a zombie. @returns whether the leader was accepted */
  recover(leader: number, index: number): boolean {
    if (!this.#fence(leader)) return false;
    const worker = this.worker(index);
    if (worker.status === 1) worker.ghost = worker.cur;
    this.dissolve(index, true);
    return true;
  }

  retire(index: number): void {
    this.dissolve(index, false);
  }

  /** It is about to retire: it gives back what it has not begun. */
  leave(index: number): void {
    const { state } = this;
    const worker = this.worker(index);
    state.idle = without(state.idle, index);
    state.hungry = without(state.hungry, index);
    worker.leaving = true;
    const { tag, ahead } = worker;
    this.dropAhead(index, true);
    this.forgetTurns(ahead);
    if (tag >= 0) state.lists[tag]!.unshift(...worker.wait.splice(0));
  }

  register(index: number): void {
    this.worker(index).status = 1;
    this.state.idle.push(index);
  }

  /** A zombie tells that its task has ended. @returns whether it was accepted */
  zombieCommits(index: number): boolean {
    const worker = this.worker(index);
    const { ghost } = worker;
    worker.ghost = -1;
    if (this.mistake !== 'zombies may commit') return false;
    if (!this.state.done.includes(ghost)) this.state.done.push(ghost);
    return true;
  }

  /** Of a task that does not run. With the task at its head a back-off ends: it is what the others wait for. */
  remove(id: number): void {
    const { state } = this;
    const tag = state.tagOf[id]!;
    this.changing([tag], () => {
      if (state.lists[tag]![0] === id && state.parked.includes(tag)) this.#endParking(tag);
      const lists = [
        state.wait,
        state.lists[tag]!,
        ...state.workers.flatMap(({ wait, next }) => [wait, next]),
      ];
      for (const list of lists) if (list.includes(id)) list.splice(list.indexOf(id), 1);
      state.removed.push(id);
    });
    state.workers.forEach((worker, index) => {
      if (worker.ahead >= 0 && worker.next.length === 0) this.dropAhead(index);
    });
  }

  #unpark(tag: number): void {
    this.changing([tag], () => this.#endParking(tag));
  }

  #endParking(tag: number): void {
    const { state } = this;
    if (state.parked.indexOf(tag) < state.due) state.due -= 1;
    state.parked = without(state.parked, tag);
  }

  /** Whether the leader is accepted; one that is not stops believing that it leads. */
  #fence(leader: number): boolean {
    const { state } = this;
    const isAccepted = this.mistake === 'no fence' || (state.lock === leader && state.beliefs[leader] === 1);
    if (isAccepted && state.beliefs[leader] === 2)
      this.violated('I5: a write of an older epoch was accepted');
    if (!isAccepted) state.beliefs[leader] = 0;
    return isAccepted;
  }

  #start(worker: ModelWorker, id: number): void {
    const { state } = this;
    const tag = state.tagOf[id]!;
    if (worker.tag !== tag) this.violated('I1: a worker started a task of a tag that it does not own');
    if (state.workers.some(({ cur }) => cur >= 0 && state.tagOf[cur] === tag))
      this.violated('I1: two tasks of a tag run');
    const { done, failed, removed } = state;
    const isEarlier = (other: number): boolean =>
      other < id &&
      state.tagOf[other] === tag &&
      ![done, failed, removed].some((ended) => ended.includes(other));
    if (state.tagOf.some((_, other) => isEarlier(other)))
      this.violated('I2: a task started before an earlier one');
    worker.cur = id;
  }

  #end(index: number, ended: number[], short: boolean, takes: boolean): number {
    const worker = this.worker(index);
    ended.push(worker.cur);
    worker.cur = -1;
    this.noteLength(index, short);
    return takes ? this.take(index) : -1;
  }
}
