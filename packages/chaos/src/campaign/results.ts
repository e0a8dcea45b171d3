import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Chunk } from './chunk.js';

/** The chunks of all campaigns, in one file. */
export class Results {
  constructor(readonly file: string) {}

  get chunks(): Chunk[] {
    if (!existsSync(this.file)) return [];
    return JSON.parse(readFileSync(this.file, 'utf8')) as Chunk[];
  }

  /** Adds a chunk, or replaces it by what it has become. */
  save(chunk: Chunk): void {
    const others = this.chunks.filter(
      ({ startedAt, experiment }) => startedAt !== chunk.startedAt || experiment !== chunk.experiment,
    );
    mkdirSync(dirname(this.file), { recursive: true });
    const draft = `${this.file}.draft`;
    writeFileSync(draft, `${JSON.stringify([...others, chunk], null, 2)}\n`);
    renameSync(draft, this.file);
  }

  /** Those of one campaign. */
  of(experiment: string, seed: number): Chunk[] {
    return this.chunks.filter((chunk) => chunk.experiment === experiment && chunk.seed === seed);
  }
}
