import type { ModelState, ModelWorker } from './state.js';

/** Mistakes that the search must find; a sound model has none. */
export type Mistake =
  | 'no fence'
  | 'tail on recovery'
  | 'tail on retry'
  | 'one too many in a batch'
  | 'top-up of a full batch'
  | 'a released tag goes first'
  | 'release forgets the rest'
  | 'recovery forgets the look-ahead'
  | 'bind beside the owner'
  | 'zombies may commit';

export const maxBatchSize = 2;

/** The steps of the scripts, each on a state that it may change. What must never happen is said to `violated`. */
export class ModelQueue {
  constructor(
    private readonly state: ModelState,
    private readonly violated: (what: string) => void,
    private readonly mistake?: Mistake,
  ) {}

  add(tag: number): void {
    const { state } = this;
    state.wait.push(state.tagOf.length);
    state.tagOf.push(tag);
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

  resign(leader: number): void {
    if (this.#fence(leader)) this.state.lock = -1;
    this.state.beliefs[leader] = 0;
  }

  dispatch(leader: number): void {
    const { state } = this;
    if (!this.#fence(leader)) return;
    const touched = new Set<number>();
    for (const id of state.wait.splice(0)) {
      const tag = state.tagOf[id]!;
      this.#changing([tag], () => state.lists[tag]!.push(id));
      touched.add(tag);
    }
    for (const tag of touched) this.#topUp(tag);
    while (state.idle.length > 0) {
      if (state.ring.length === 0 && !this.#dropFirstAhead()) break;
      this.#bind(state.idle.shift()!, state.ring.shift()!);
    }
    const hungry = state.workers.findIndex(({ status, tag, ahead }) => status > 0 && tag >= 0 && ahead < 0);
    if (state.idle.length === 0 && hungry >= 0 && state.ring.length > 0)
      this.#bindAhead(hungry, state.ring.shift()!);
  }

  take(index: number): void {
    const worker = this.#worker(index);
    while (worker.cur < 0) {
      const id = worker.wait.shift();
      if (id !== undefined) this.#start(worker, id);
      else if (worker.tag >= 0) this.#release(index);
      else return;
    }
  }

  complete(index: number): void {
    const worker = this.#worker(index);
    this.state.done.push(worker.cur);
    worker.cur = -1;
  }

  /** A failed attempt: the rest of the batch goes back with it, and the tag waits. */
  retry(index: number): void {
    const worker = this.#worker(index);
    const { tag, cur } = worker;
    worker.cur = -1;
    if (this.mistake === 'tail on retry') worker.wait.push(cur);
    else worker.wait.unshift(cur);
    this.#changing([tag], () => (this.state.parked[tag] = true));
    this.#release(index);
  }

  unpark(tag: number): void {
    this.#changing([tag], () => (this.state.parked[tag] = false));
  }

  pause(tag: number): void {
    const { state } = this;
    this.#changing([tag], () => {
      state.paused[tag] = true;
      state.workers.forEach((worker, index) => {
        if (worker.ahead === tag) this.#dropAhead(index);
        if (worker.tag === tag) state.lists[tag]!.unshift(...worker.wait.splice(0));
      });
    });
  }

  resume(tag: number): void {
    this.#changing([tag], () => (this.state.paused[tag] = false));
  }

  /** Its process dies. */
  crash(index: number): void {
    this.#worker(index).status = 2;
  }

  /** Also of one that was only frozen: it goes on as a zombie. */
  recover(leader: number, index: number): void {
    if (!this.#fence(leader)) return;
    const worker = this.#worker(index);
    if (worker.status === 1) worker.ghost = worker.cur;
    this.#dissolve(index, true);
  }

  retire(index: number): void {
    this.#dissolve(index, false);
  }

  register(index: number): void {
    this.#worker(index).status = 1;
    this.state.idle.push(index);
  }

  /** A zombie tells that its task has ended: it is refused. */
  zombieCommits(index: number): void {
    const worker = this.#worker(index);
    const { ghost } = worker;
    worker.ghost = -1;
    if (this.mistake !== 'zombies may commit' || this.state.done.includes(ghost)) return;
    this.state.done.push(ghost);
  }

  /** Of a task that does not run. */
  remove(id: number): void {
    const { state } = this;
    this.#changing([...state.lists.keys()], () => {
      const lists = [state.wait, ...state.lists, ...state.workers.flatMap(({ wait, next }) => [wait, next])];
      for (const list of lists) if (list.includes(id)) list.splice(list.indexOf(id), 1);
      state.removed.push(id);
    });
    state.workers.forEach((worker, index) => {
      if (worker.ahead >= 0 && worker.next.length === 0) this.#dropAhead(index);
    });
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
    const isEarlier = (other: number): boolean =>
      other < id &&
      state.tagOf[other] === tag &&
      !state.done.includes(other) &&
      !state.removed.includes(other);
    if (state.tagOf.some((_, other) => isEarlier(other)))
      this.violated('I2: a task started before an earlier one');
    worker.cur = id;
  }

  #bind(index: number, tag: number): void {
    const worker = this.#worker(index);
    this.#noteTurn(tag);
    worker.wait = this.state.lists[tag]!.splice(0, this.#mostInBatch);
    worker.tag = tag;
    worker.size = worker.wait.length;
    if (this.mistake === 'bind beside the owner' && this.state.lists[tag]!.length > 0)
      this.state.ring.push(tag);
  }

  #bindAhead(index: number, tag: number): void {
    const worker = this.#worker(index);
    this.#noteTurn(tag);
    worker.next = this.state.lists[tag]!.splice(0, this.#mostInBatch);
    worker.ahead = tag;
  }

  get #mostInBatch(): number {
    return this.mistake === 'one too many in a batch' ? maxBatchSize + 1 : maxBatchSize;
  }

  #topUp(tag: number): void {
    const { state } = this;
    const worker = state.workers.find((one) => one.status > 0 && one.tag === tag);
    if (worker === undefined || worker.ahead >= 0 || state.parked[tag] || state.paused[tag]) return;
    const room = this.mistake === 'top-up of a full batch' ? 1 : maxBatchSize - worker.size;
    const ids = state.lists[tag]!.splice(0, Math.max(0, room));
    worker.wait.push(...ids);
    worker.size += ids.length;
  }

  #release(index: number): void {
    const { state } = this;
    const worker = this.#worker(index);
    const { tag, ahead } = worker;
    this.#changing(
      [tag],
      () => {
        const rest = worker.wait.splice(0);
        if (this.mistake !== 'release forgets the rest') state.lists[tag]!.unshift(...rest);
        worker.tag = -1;
        worker.size = 0;
      },
      this.mistake === 'a released tag goes first',
    );
    if (ahead < 0) state.idle.push(index);
    else
      Object.assign(worker, { tag: ahead, wait: worker.next, size: worker.next.length, ahead: -1, next: [] });
  }

  #dropFirstAhead(): boolean {
    const index = this.state.workers.findIndex(({ ahead }) => ahead >= 0);
    if (index < 0) return false;
    this.#dropAhead(index, true);
    return true;
  }

  #dropAhead(index: number, isFirst = false): void {
    const worker = this.#worker(index);
    const tag = worker.ahead;
    // It was no turn after all.
    for (const row of this.state.turns) row[tag] = Math.max(0, row[tag]! - 1);
    this.#changing(
      [tag],
      () => {
        const ids = worker.next.splice(0);
        if (this.mistake !== 'recovery forgets the look-ahead') this.state.lists[tag]!.unshift(...ids);
        worker.ahead = -1;
      },
      isFirst,
    );
  }

  #dissolve(index: number, crashed: boolean): void {
    const { state } = this;
    const worker = this.#worker(index);
    const { tag, cur, ahead } = worker;
    state.idle = state.idle.filter((one) => one !== index);
    if (ahead >= 0) this.#dropAhead(index, true);
    if (tag >= 0) {
      this.#changing(
        [tag],
        () => {
          const list = state.lists[tag]!;
          list.unshift(...worker.wait.splice(0));
          if (cur >= 0 && crashed && this.mistake === 'tail on recovery') list.push(cur);
          else if (cur >= 0) list.unshift(cur);
          worker.tag = -1;
        },
        true,
      );
    }
    // Tags that go to the front of the ring for this reason have not had more than their turn.
    for (const row of state.turns) for (const held of [tag, ahead]) if (held >= 0) row[held] = 0;
    Object.assign(worker, { status: 0, size: 0, cur: -1 });
  }

  /** A change after which tags may be ready that were not, or the other way round. */
  #changing(tags: readonly number[], change: () => void, isFirst = false): void {
    const { state } = this;
    const before = tags.map((tag) => this.isReady(tag));
    change();
    tags.forEach((tag, i) => {
      const isReady = this.isReady(tag);
      if (isReady && !before[i]) {
        state.turns[tag]!.fill(0);
        if (isFirst) state.ring.unshift(tag);
        else state.ring.push(tag);
      } else if (!isReady && before[i]) state.ring = state.ring.filter((one) => one !== tag);
    });
  }

  isReady(tag: number): boolean {
    const { lists, parked, paused, workers } = this.state;
    const isOwned = workers.some((worker) => worker.tag === tag || worker.ahead === tag);
    return lists[tag]!.length > 0 && !isOwned && !parked[tag] && !paused[tag];
  }

  #noteTurn(tag: number): void {
    const { turns, ring } = this.state;
    for (const other of ring) {
      if (other === tag) continue;
      turns[other]![tag]! += 1;
      if (turns[other]![tag]! > 1) this.violated('I7: a tag was bound twice while another one was ready');
    }
    turns[tag]!.fill(0);
  }

  #worker(index: number): ModelWorker {
    return this.state.workers[index]!;
  }
}
