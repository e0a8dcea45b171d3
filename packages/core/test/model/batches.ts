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

/** The ring, and begin and end of batches, as the scripts' includes have them. */
export class Batches {
  constructor(
    protected readonly state: ModelState,
    protected readonly violated: (what: string) => void,
    protected readonly mistake?: Mistake,
  ) {}

  isReady(tag: number): boolean {
    const { lists, parked, paused, workers } = this.state;
    const isOwned = workers.some((worker) => worker.tag === tag || worker.ahead === tag);
    return lists[tag]!.length > 0 && !isOwned && !parked.includes(tag) && !paused[tag];
  }

  protected worker(index: number): ModelWorker {
    return this.state.workers[index]!;
  }

  /** A change after which tags may be ready that were not, or the other way round. */
  protected changing(tags: readonly number[], change: () => void, isFirst = false): void {
    const { state } = this;
    const before = tags.map((tag) => this.isReady(tag));
    change();
    tags.forEach((tag, i) => {
      const isReady = this.isReady(tag);
      if (isReady && !before[i]) {
        state.turns[tag]!.fill(0);
        if (isFirst) state.ring.unshift(tag);
        else state.ring.push(tag);
      } else if (!isReady && before[i]) state.ring = without(state.ring, tag);
    });
  }

  /** Idle workers get tags; where there is none left, busy ones get look-aheads. */
  protected assign(): void {
    const { state } = this;
    while (state.idle.length > 0) {
      const [busy] = state.ahead;
      if (busy !== undefined && (state.ring.length === 0 || this.worker(busy).waited))
        this.dropAhead(busy, true);
      if (state.ring.length === 0) return;
      this.#bind(state.idle.shift()!, state.ring.shift()!);
    }
    while (state.hungry.length > 0 && state.ring.length > 0)
      this.#bindAhead(state.hungry.shift()!, state.ring.shift()!);
  }

  protected topUp(tag: number): void {
    const { state } = this;
    const worker = state.workers.find((one) => one.status > 0 && one.tag === tag);
    if (worker === undefined || worker.ahead >= 0 || worker.leaving) return;
    if (state.parked.includes(tag) || state.paused[tag]) return;
    const room = this.mistake === 'top-up of a full batch' ? 1 : state.maxBatchSize - worker.size;
    const ids = state.lists[tag]!.splice(0, Math.max(0, room));
    worker.wait.push(...ids);
    worker.size += ids.length;
  }

  /** @param parks - a back-off of the tag begins */
  protected release(index: number, parks = false): void {
    const { state } = this;
    const worker = this.worker(index);
    const { tag, ahead } = worker;
    this.changing(
      [tag],
      () => {
        const rest = worker.wait.splice(0);
        if (this.mistake !== 'release forgets the rest') state.lists[tag]!.unshift(...rest);
        if (parks) state.parked.push(tag);
        Object.assign(worker, { tag: -1, size: 0 });
      },
      this.mistake === 'a released tag goes first',
    );
    if (ahead < 0) {
      state.hungry = without(state.hungry, index);
      if (!worker.leaving) state.idle.push(index);
    } else {
      state.ahead = without(state.ahead, index);
      Object.assign(worker, { tag: ahead, size: worker.aheadSize, wait: worker.next, next: [] });
      Object.assign(worker, { ahead: -1, aheadSize: 0, waited: false });
      this.#feedLater(index);
    }
  }

  protected dropAhead(index: number, isFirst = false): void {
    const { state } = this;
    const worker = this.worker(index);
    const tag = worker.ahead;
    if (tag < 0) return;
    // It was no turn after all.
    for (const row of state.turns) row[tag] = Math.max(0, row[tag]! - 1);
    state.ahead = without(state.ahead, index);
    this.changing(
      [tag],
      () => {
        const ids = worker.next.splice(0);
        if (this.mistake !== 'recovery forgets the look-ahead') state.lists[tag]!.unshift(...ids);
        Object.assign(worker, { ahead: -1, aheadSize: 0, waited: false });
      },
      isFirst,
    );
    if (worker.tag >= 0) this.#feedLater(index);
  }

  /** A worker is gone: what it held goes back to the heads of the tags. */
  protected dissolve(index: number, crashed: boolean): void {
    const { state } = this;
    const worker = this.worker(index);
    const { tag, cur, ahead } = worker;
    state.idle = without(state.idle, index);
    this.dropAhead(index, true);
    state.hungry = without(state.hungry, index);
    if (tag >= 0) {
      const isTail = crashed && this.mistake === 'tail on recovery';
      this.changing(
        [tag],
        () => {
          const list = state.lists[tag]!;
          list.unshift(...worker.wait.splice(0));
          if (cur >= 0) list.splice(isTail ? list.length : 0, 0, cur);
          worker.tag = -1;
        },
        true,
      );
    }
    this.forgetTurns(tag, ahead);
    Object.assign(worker, { status: 0, size: 0, cur: -1, short: false, leaving: false });
  }

  /** Tags that go to the front of the ring because their worker goes away have not had more than their turn. */
  protected forgetTurns(...tags: readonly number[]): void {
    for (const row of this.state.turns) for (const tag of tags) if (tag >= 0) row[tag] = 0;
  }

  /** A worker begins or ceases to run short tasks. */
  protected noteLength(index: number, short: boolean): void {
    const worker = this.worker(index);
    if (worker.short === short) return;
    worker.short = short;
    if (!short) this.state.hungry = without(this.state.hungry, index);
    else if (worker.tag >= 0 && worker.ahead < 0) this.#feedLater(index);
  }

  #feedLater(index: number): void {
    const { short, leaving } = this.worker(index);
    if (short && !leaving) this.state.hungry.push(index);
  }

  #bind(index: number, tag: number): void {
    const { lists, ring } = this.state;
    this.#noteTurn(tag);
    const wait = lists[tag]!.splice(0, this.#mostInBatch);
    Object.assign(this.worker(index), { wait, tag, size: wait.length });
    this.#feedLater(index);
    if (this.mistake === 'bind beside the owner' && lists[tag]!.length > 0) ring.push(tag);
  }

  #bindAhead(index: number, tag: number): void {
    this.#noteTurn(tag);
    const next = this.state.lists[tag]!.splice(0, this.#mostInBatch);
    Object.assign(this.worker(index), { next, ahead: tag, aheadSize: next.length });
    this.state.ahead.push(index);
  }

  get #mostInBatch(): number {
    const { maxBatchSize } = this.state;
    return this.mistake === 'one too many in a batch' ? maxBatchSize + 1 : maxBatchSize;
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
}

export function without(list: number[], value: number): number[] {
  return list.includes(value) ? list.filter((one) => one !== value) : list;
}
