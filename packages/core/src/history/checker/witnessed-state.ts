/** A batch of one tag on one worker, or a look-ahead. */
export interface WitnessedBatch {
  readonly tag: string;
  readonly fence: string;
  size: number;
  /** Ids that the worker has not taken, the next one first. */
  wait: string[];
}

export interface WitnessedAttempt {
  readonly id: string;
  readonly attempt: string;
  readonly tag: string;
}

export interface WitnessedWorker {
  batch: WitnessedBatch | undefined;
  ahead: WitnessedBatch | undefined;
  current: WitnessedAttempt | undefined;
  /** A task that goes back to the head of its tag as soon as the batch is released. */
  returning: string | undefined;
  isLeaving: boolean;
}

export interface WitnessedTag {
  /** Ids that are indexed and not dispatched, the next one first. */
  pending: string[];
  /** Workers whose batch or look-ahead it is. */
  readonly owners: string[];
  isParked: boolean;
  isPaused: boolean;
}

/** Where everything is, by the witness: the lists of the scripts once more, each entry moving what its script moved. */
export class WitnessedState {
  readonly workers = new Map<string, WitnessedWorker>();
  readonly tags = new Map<string, WitnessedTag>();
  /** Tag of every task that is indexed, dispatched or running. */
  readonly tagOf = new Map<string, string>();

  tag(name: string): WitnessedTag {
    let tag = this.tags.get(name);
    if (tag === undefined) {
      tag = { pending: [], owners: [], isParked: false, isPaused: false };
      this.tags.set(name, tag);
    }
    return tag;
  }

  worker(id: string): WitnessedWorker {
    let worker = this.workers.get(id);
    if (worker === undefined) {
      worker = {
        batch: undefined,
        ahead: undefined,
        current: undefined,
        returning: undefined,
        isLeaving: false,
      };
      this.workers.set(id, worker);
    }
    return worker;
  }

  isReady(name: string, limit: number): boolean {
    const { pending, owners, isParked, isPaused } = this.tag(name);
    return pending.length > 0 && owners.length < limit && !isParked && !isPaused;
  }

  /** Moves ids from the head of a tag. */
  dispatch(name: string, count: number): string[] {
    return this.tag(name).pending.splice(0, count);
  }

  /** To the head of the tag, in their order. */
  giveBack(name: string, ids: readonly string[]): void {
    if (ids.length > 0) this.tag(name).pending.unshift(...ids);
  }

  own(name: string, worker: string): void {
    this.tag(name).owners.push(worker);
  }

  disown(name: string, worker: string): void {
    const { owners } = this.tag(name);
    const at = owners.indexOf(worker);
    if (at >= 0) owners.splice(at, 1);
  }

  /** What a worker holds but its running task goes back; it may stay bound. */
  giveBackBatch(worker: WitnessedWorker): void {
    const { batch, returning } = worker;
    if (batch === undefined) return;
    this.giveBack(batch.tag, returning === undefined ? batch.wait : [returning, ...batch.wait]);
    batch.wait = [];
    worker.returning = undefined;
  }

  dropAhead(id: string): void {
    const worker = this.worker(id);
    const { ahead } = worker;
    if (ahead === undefined) return;
    this.giveBack(ahead.tag, ahead.wait);
    this.disown(ahead.tag, id);
    worker.ahead = undefined;
  }

  /** A worker goes with all that it has; the task that ran comes first. */
  dissolve(id: string): void {
    const worker = this.worker(id);
    this.dropAhead(id);
    this.giveBackBatch(worker);
    if (worker.current !== undefined) this.giveBack(worker.current.tag, [worker.current.id]);
    if (worker.batch !== undefined) this.disown(worker.batch.tag, id);
    this.workers.delete(id);
  }

  /** A task is nowhere any more. */
  forget(id: string): void {
    const name = this.tagOf.get(id);
    this.tagOf.delete(id);
    if (name === undefined) return;
    const tag = this.tag(name);
    const lists = [tag.pending];
    for (const owner of tag.owners) {
      const worker = this.worker(owner);
      const { batch, ahead, current } = worker;
      if (current?.id === id) worker.current = undefined;
      if (batch !== undefined) lists.push(batch.wait);
      if (ahead !== undefined) lists.push(ahead.wait);
    }
    for (const list of lists) {
      const at = list.indexOf(id);
      if (at >= 0) list.splice(at, 1);
    }
  }

  runningOf(name: string): number {
    return this.tag(name).owners.filter((owner) => this.workers.get(owner)?.current?.tag === name).length;
  }
}
