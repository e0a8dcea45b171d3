import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describeStep, type Place, type Step } from './step.js';

type Kept = Partial<Record<Place, readonly string[]>>;

const form = /^(producer|scheduler|worker), (starting|working|stopping): (.+)$/;

/**
 * What instances send, in a file: a census sees what just happens to be sent, and all chunks of a campaign have to cut the same
 * points into the same episodes.
 */
export class KeptSteps {
  constructor(private readonly file: string) {}

  of(place: Place): Step[] | undefined {
    return this.#read()[place]?.map(parseStep);
  }

  /** Each once, wherever it is sent. */
  get all(): Step[] {
    return [...new Set(Object.values(this.#read()).flat())].map(parseStep);
  }

  save(place: Place, steps: readonly Step[]): void {
    mkdirSync(dirname(this.file), { recursive: true });
    const kept: Kept = { ...this.#read(), [place]: steps.map(describeStep).sort() };
    writeFileSync(this.file, `${JSON.stringify(kept, null, 2)}\n`);
  }

  #read(): Kept {
    return existsSync(this.file) ? (JSON.parse(readFileSync(this.file, 'utf8')) as Kept) : {};
  }
}

function parseStep(text: string): Step {
  const [, part, phase, name] = form.exec(text) ?? [];
  if (name === undefined) throw new Error(`No step: ${text}`);
  return { part: part as Step['part'], phase: phase as Step['phase'], name };
}
