import type { WitnessEntry } from '../witness.js';
import type { Check, CheckContext } from './check.js';
import type { Invariant } from './report.js';
import { WitnessedState, type WitnessedWorker } from './witnessed-state.js';
import { WitnessedTerms } from './witnessed-terms.js';
import { WitnessedTurns } from './witnessed-turns.js';

type EntryOf<Type extends WitnessEntry['witness']> = Extract<WitnessEntry, { witness: Type }>;

/** Plays the witness stream and asks at each entry whether it was allowed: I1, I2, I4 to I7 and I9 by the transitions. */
export class WitnessedQueue implements Check {
  readonly #state = new WitnessedState();
  readonly #terms: WitnessedTerms;
  readonly #turns: WitnessedTurns;
  /** Tasks that are in the queue, and how they came. */
  readonly #present = new Map<string, WitnessEntry>();
  readonly #attempts = new Map<string, number>();
  /** Ids that a take passed over: they must not turn up again. */
  readonly #skipped = new Map<string, WitnessEntry>();

  constructor(private readonly context: CheckContext) {
    this.#terms = new WitnessedTerms(context);
    this.#turns = new WitnessedTurns(context, this.#state);
  }

  seeEntry(entry: WitnessEntry): void {
    const tags = this.#touched(entry);
    this.#apply(entry);
    for (const tag of tags) this.#turns.look(tag);
  }

  finish(): void {
    const { findings, hasWitness } = this.context;
    if (!hasWitness) findings.undecided('I7', 'there is no witness stream');
    else if (!this.#turns.hasSeenBinds) findings.undecided('I7', 'the witness stream has no binds');
  }

  /** Tags whose readiness the entry may change. */
  #touched(entry: WitnessEntry): string[] {
    const tags = 'tag' in entry ? [entry.tag] : [];
    if ('id' in entry) tags.push(this.#state.tagOf.get(entry.id) ?? '');
    if ('worker' in entry) {
      const worker = this.#state.workers.get(entry.worker);
      tags.push(worker?.batch?.tag ?? '', worker?.ahead?.tag ?? '');
    }
    return tags.filter((tag) => tag !== '');
  }

  #apply(entry: WitnessEntry): void {
    const state = this.#state;
    switch (entry.witness) {
      case 'added':
      case 'indexed':
        this.#enter(entry);
        break;
      case 'bound':
        this.#bind(entry);
        break;
      case 'toppedUp':
        this.#topUp(entry);
        break;
      case 'begun':
        this.#begin(entry);
        break;
      case 'dropped':
        this.#turns.dropped(entry.tag);
        state.dropAhead(entry.worker);
        break;
      case 'released':
        this.#release(entry);
        break;
      case 'taken':
        this.#take(entry);
        break;
      case 'ended':
        this.#end(entry);
        break;
      case 'gone':
        this.#present.delete(entry.id);
        this.#attempts.delete(entry.id);
        state.forget(entry.id);
        break;
      case 'requeued':
        this.#present.set(entry.id, entry);
        break;
      case 'parked':
      case 'unparked':
        state.tag(entry.tag).isParked = entry.witness === 'parked';
        break;
      case 'paused':
      case 'resumed':
        this.#pause(entry.tag, entry.witness === 'paused');
        break;
      case 'registered':
        state.worker(entry.worker);
        break;
      case 'leaving':
        this.#leave(state.worker(entry.worker));
        break;
      case 'recovered':
        this.#terms.acted(entry.leader, entry);
        this.#dissolve(entry);
        break;
      case 'retired':
        this.#dissolve(entry);
        break;
      case 'elected':
        this.#terms.elected(entry.leader, entry);
        break;
      case 'renewed':
        this.#terms.acted(entry.leader, entry);
        break;
      case 'resigned':
      case 'deposed':
        this.#terms.resigned(entry.leader, entry);
        break;
    }
  }

  #enter(entry: EntryOf<'added' | 'indexed'>): void {
    const { id } = entry;
    const before = this.#present.get(id);
    const isKnown = before !== undefined && (entry.witness === 'added' || before.witness === 'indexed');
    if (isKnown) this.#violate('I9', `${id} was ${entry.witness} although it is there`, before, entry);
    this.#present.set(id, entry);
    if (entry.witness === 'added') return;
    this.#state.tagOf.set(id, entry.tag);
    this.#state.tag(entry.tag).pending.push(id);
  }

  #bind(entry: EntryOf<'bound'>): void {
    const { tag, worker: id, fence, leader } = entry;
    const state = this.#state;
    this.#terms.acted(leader, entry);
    if (!state.workers.has(id))
      this.#violate('I1', `tag ${tag} was bound to ${id}, which is no worker`, entry);
    const limit = this.context.processes.limitOf(tag);
    if (state.tag(tag).owners.length >= limit)
      this.#violate('I1', `tag ${tag} was bound to ${id} beside ${state.tag(tag).owners.join()}`, entry);
    const worker = state.worker(id);
    const size = Number(entry.size);
    const place = entry.ahead === '1' ? 'ahead' : 'batch';
    if (worker[place] !== undefined) this.#violate('I1', `${id} was bound again before a release`, entry);
    this.#assertStaying(worker, entry);
    worker[place] = { tag, fence, size, wait: state.dispatch(tag, size) };
    state.own(tag, id);
    this.#assertBatch(tag, size, entry);
    this.#turns.bound(tag, entry);
  }

  #topUp(entry: EntryOf<'toppedUp'>): void {
    const { batch } = this.#state.worker(entry.worker);
    if (batch?.tag !== entry.tag) {
      this.#violate('I1', `${entry.worker} got tasks of tag ${entry.tag}, which it does not own`, entry);
      return;
    }
    this.#assertStaying(this.#state.worker(entry.worker), entry);
    const count = Number(entry.count);
    batch.size += count;
    batch.wait.push(...this.#state.dispatch(entry.tag, count));
    this.#assertBatch(entry.tag, batch.size, entry);
  }

  #assertStaying({ isLeaving }: WitnessedWorker, entry: EntryOf<'bound' | 'toppedUp' | 'taken'>): void {
    if (isLeaving) this.#violate('I1', `${entry.worker} is leaving and got tasks of tag ${entry.tag}`, entry);
  }

  #assertBatch(tag: string, size: number, entry: WitnessEntry): void {
    const most = this.context.processes.bounds?.maxBatchSize ?? Number.POSITIVE_INFINITY;
    if (size > most) this.#violate('I6', `a batch of tag ${tag} has ${size} tasks of at most ${most}`, entry);
  }

  #begin(entry: EntryOf<'begun'>): void {
    const worker = this.#state.worker(entry.worker);
    if (worker.ahead?.tag !== entry.tag)
      this.#violate('I1', `${entry.worker} began a batch of tag ${entry.tag} that it did not have`, entry);
    if (worker.batch !== undefined)
      this.#violate('I1', `${entry.worker} began a batch in another one`, entry);
    worker.batch = worker.ahead;
    worker.ahead = undefined;
  }

  #release(entry: EntryOf<'released'>): void {
    const worker = this.#state.worker(entry.worker);
    if (worker.batch?.tag !== entry.tag)
      this.#violate('I1', `${entry.worker} released tag ${entry.tag}, which it does not own`, entry);
    this.#state.giveBackBatch(worker);
    this.#state.disown(entry.tag, entry.worker);
    worker.batch = undefined;
  }

  #take(entry: EntryOf<'taken'>): void {
    const { id, tag, worker: workerId } = entry;
    const state = this.#state;
    const worker = state.worker(workerId);
    const { batch, current } = worker;
    if (current !== undefined)
      this.#violate('I1', `${workerId} took ${id} while it ran ${current.id}`, entry);
    if (batch?.tag !== tag)
      this.#violate('I1', `${workerId} took ${id} of tag ${tag}, which it does not own`, entry);
    if (state.runningOf(tag) >= this.context.processes.limitOf(tag))
      this.#violate('I1', `${id} of tag ${tag} was started while another one ran`, entry);
    const at = batch?.wait.indexOf(id) ?? -1;
    const skip = this.#skipped.get(id);
    if (skip !== undefined)
      this.#violate('I2', `${id} of tag ${tag} was started after a later one`, skip, entry);
    else if (at < 0)
      this.#violate('I2', `${workerId} took ${id} of tag ${tag}, which was not dispatched to it`, entry);
    // A take passes over ids whose task is gone.
    for (const skipped of batch?.wait.splice(0, at + 1) ?? [])
      if (skipped !== id) this.#skipped.set(skipped, entry);
    this.#assertStaying(worker, entry);
    const attempt = Number(entry.attempt);
    if (attempt <= (this.#attempts.get(id) ?? 0))
      this.#violate('I4', `attempt ${attempt} of ${id} was started twice`, entry);
    this.#attempts.set(id, attempt);
    worker.current = { id, attempt: entry.attempt, tag };
  }

  #end(entry: EntryOf<'ended'>): void {
    const { id, attempt, outcome } = entry;
    const worker = this.#state.worker(entry.worker);
    const { current } = worker;
    if (current?.id !== id || current.attempt !== attempt) {
      this.#violate('I4', `${entry.worker} ended attempt ${attempt} of ${id}, which it does not run`, entry);
      return;
    }
    worker.current = undefined;
    if (outcome === 'retried' || outcome === 'given-back') worker.returning = id;
    else this.#state.tagOf.delete(id);
    // A delayed task joins its tag again; one that has ended may be added again as soon as retention has removed it.
    if (outcome !== 'retried' && outcome !== 'given-back') this.#present.delete(id);
    if (outcome === 'completed' || outcome === 'failed') this.#attempts.delete(id);
  }

  #pause(tag: string, isPaused: boolean): void {
    const state = this.#state;
    state.tag(tag).isPaused = isPaused;
    if (!isPaused) return;
    for (const owner of state.tag(tag).owners) {
      const worker = state.worker(owner);
      if (worker.batch?.tag === tag) state.giveBackBatch(worker);
    }
  }

  #leave(worker: WitnessedWorker): void {
    if (worker.batch !== undefined) this.#turns.excuse(worker.batch.tag);
    this.#state.giveBackBatch(worker);
    worker.isLeaving = true;
  }

  #dissolve(entry: EntryOf<'recovered' | 'retired'>): void {
    const { batch, ahead } = this.#state.worker(entry.worker);
    for (const held of [batch, ahead]) if (held !== undefined) this.#turns.excuse(held.tag);
    this.#state.dissolve(entry.worker);
  }

  #violate(invariant: Invariant, message: string, ...evidence: WitnessEntry[]): void {
    this.context.findings.violation(invariant, message, evidence);
  }
}
