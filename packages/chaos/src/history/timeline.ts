import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { stoodStill } from '../instance/stall-watch.js';
import type { Stall } from './stalls.js';
import {
  readHistory,
  type HistoryRecord,
  type RecordOf,
  type RecordType,
} from 'nestjs-affinity-queue/history';

/** The records of all processes of an episode, in one order: they share the clock of one machine. */
export class Timeline {
  readonly #byType = new Map<RecordType, HistoryRecord[]>();
  #stalled: Stall[] | undefined;

  constructor(readonly records: readonly HistoryRecord[]) {}

  static async read(folder: string): Promise<Timeline> {
    const records: HistoryRecord[] = [];
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.history.jsonl'))) {
      // The checker reports damage.
      for await (const record of readHistory(join(folder, name), () => undefined)) records.push(record);
    }
    return new Timeline(records.sort((one, other) => one.at - other.at));
  }

  of<Type extends RecordType>(type: Type): readonly RecordOf<Type>[] {
    let found = this.#byType.get(type);
    if (found === undefined) {
      found = this.records.filter((record) => record.type === type);
      this.#byType.set(type, found);
    }
    return found as RecordOf<Type>[];
  }

  /** Each time that a process stood still although nothing was done to it, and nothing to Redis. */
  get stalled(): readonly Stall[] {
    return (this.#stalled ??= this.#findStalls());
  }

  /** How often that was. */
  get stalls(): number {
    return this.stalled.length;
  }

  #findStalls(): Stall[] {
    const faults = this.of('fault');
    const injected = faults.filter(({ detail }) => detail !== stoodStill);
    return faults.flatMap((stall) => {
      if (stall.detail !== stoodStill) return [];
      const from = stall.at - (stall.agoMs ?? 0) * 1_000;
      const isOurs = injected.some(
        ({ target, at, durationMs = 0 }) =>
          target === stall.target && at <= stall.at && at + durationMs * 1_000 >= from,
      );
      return isOurs ? [] : [{ target: stall.target, from, until: stall.at }];
    });
  }
}
