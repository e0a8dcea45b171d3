const final: ReadonlySet<string> = new Set(['completed', 'failed']);

/** Whether a task is over with this outcome of an attempt, or in this state; after any other one it runs again. */
export function endsTask(outcomeOrState: string): boolean {
  return final.has(outcomeOrState);
}
