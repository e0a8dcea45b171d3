import { readKeptWitness } from './witness-follower.js';

/** What Redis saw the end of, by the witness: who ran it may not have lived to write that down. */
export interface Ended {
  /** Tasks that ended an attempt, or that are gone. */
  readonly tasks: ReadonlySet<string>;
  /** Attempts, see {@link nameOfAttempt}. */
  readonly attempts: ReadonlySet<string>;
}

export function nameOfAttempt(task: string, attempt: number | string): string {
  return `${task} ${attempt}`;
}

export async function readEnded(witness: string): Promise<Ended> {
  const tasks = new Set<string>();
  const attempts = new Set<string>();
  for await (const entry of readKeptWitness(witness)) {
    if (entry.witness === 'ended') attempts.add(nameOfAttempt(entry.id, entry.attempt));
    if (entry.witness === 'ended' || entry.witness === 'gone') tasks.add(entry.id);
  }
  return { tasks, attempts };
}
