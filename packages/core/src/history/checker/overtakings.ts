import type { RecordOf } from '../records.js';
import type { WitnessEntry } from '../witness.js';
import type { CheckContext } from './check.js';
import type { Departures } from './departures.js';
import { noCommonClock } from './processes.js';

type Start = RecordOf<'task.started'>;

/** Two attempts of a task, and the start of another one of its tag that seems to have been between them. */
export interface Overtaking {
  readonly before: Start;
  readonly between: Start;
  readonly start: Start;
  /** The task might leave by then without a record that says so. */
  readonly wasLoose: boolean;
}

const wasLeaving = 'a task was about to leave its order, and nobody wrote down whether it did';

/** Attempts between which another task started: judged when all is known of them. */
export class Overtakings {
  readonly #all: Overtaking[] = [];
  /** Starts that no clock orders, in the order in which the witness saw them; undefined: not yet. */
  readonly #taken = new Map<string, number | undefined>();

  #takes = 0;

  constructor(
    private readonly context: CheckContext,
    private readonly departures: Departures,
  ) {}

  add(overtaking: Overtaking): void {
    this.#all.push(overtaking);
    if (this.#isInOrder(overtaking) !== undefined) return;
    for (const start of startsOf(overtaking)) this.#taken.set(keyOf(start.task, start.attempt), undefined);
  }

  seeEntry(entry: WitnessEntry): void {
    if (entry.witness !== 'taken') return;
    const key = keyOf(entry.id, entry.attempt);
    if (this.#taken.has(key)) this.#taken.set(key, (this.#takes += 1));
  }

  finish(): void {
    for (const overtaking of this.#all) this.#judge(overtaking);
  }

  #judge(overtaking: Overtaking): void {
    const { findings, hasWitness } = this.context;
    const { before, between, start, wasLoose } = overtaking;
    if (wasLoose && !this.departures.stayedBetween(before.attempt, start)) return;
    const isInOrder = this.#isInOrder(overtaking);
    const hasLeft = this.departures.leftBetween(before.attempt, start);
    if (isInOrder === false || hasLeft === true) return;
    const evidence = startsOf(overtaking);
    if (isInOrder === undefined || hasLeft === undefined) findings.undecided('I2', noCommonClock, evidence);
    // A witness would tell.
    else if (!hasWitness && this.departures.mayHaveLeftBetween(before.attempt, start))
      findings.undecided('I2', wasLeaving, evidence);
    else {
      const message = `tag ${String(start.tag)}: ${between.task} started between two attempts of ${start.task}`;
      findings.violation('I2', message, evidence);
    }
  }

  /** Whether the other task did start between the two; undefined where neither a clock nor the witness says so. */
  #isInOrder(overtaking: Overtaking): boolean | undefined {
    const starts = startsOf(overtaking);
    if (this.context.processes.shareClock(...starts)) return true;
    const [before, between, start] = starts.map(({ task, attempt }) => this.#taken.get(keyOf(task, attempt)));
    if (before === undefined || between === undefined || start === undefined) return undefined;
    return before < between && between < start;
  }
}

function startsOf({ before, between, start }: Overtaking): Start[] {
  return [before, between, start];
}

function keyOf(task: string, attempt: number | string): string {
  return `${task} ${attempt}`;
}
