import type { WitnessEntry } from '../witness.js';
import type { CheckContext } from './check.js';
import { compareEpochs, epochOf } from './epochs.js';

/** I5 by the witness: epochs rise, and only the leader of the newest one writes, until it resigns. */
export class WitnessedTerms {
  #newest: { leader: string; entry: WitnessEntry; hasResigned: boolean } | undefined;

  constructor(private readonly context: CheckContext) {}

  elected(leader: string, entry: WitnessEntry): void {
    const newest = this.#newest;
    if (newest !== undefined && compareEpochs(epochOf(leader), epochOf(newest.leader)) <= 0)
      this.#violate(`epoch ${epochOf(leader)} does not follow ${epochOf(newest.leader)}`, entry);
    this.#newest = { leader, entry, hasResigned: false };
  }

  resigned(leader: string, entry: WitnessEntry): void {
    this.acted(leader, entry);
    if (this.#newest?.leader === leader) this.#newest.hasResigned = true;
  }

  acted(leader: string, entry: WitnessEntry): void {
    const newest = this.#newest;
    if (newest === undefined) return;
    if (newest.leader !== leader) this.#violate(`${leader} wrote in the term of ${newest.leader}`, entry);
    else if (newest.hasResigned) this.#violate(`${leader} wrote after it had resigned`, entry);
  }

  #violate(message: string, entry: WitnessEntry): void {
    this.context.findings.violation('I5', message, [...(this.#newest ? [this.#newest.entry] : []), entry]);
  }
}
