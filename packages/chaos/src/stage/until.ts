import { setTimeout as pause } from 'node:timers/promises';

/**
 * Polls a condition until it holds, and returns what it returned.
 *
 * @throws {@link DeadlineError} after the deadline
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  { timeoutMs = 20_000, everyMs = 10 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) throw new DeadlineError(what, timeoutMs);
    await pause(everyMs);
  }
}

export class DeadlineError extends Error {
  constructor(what: string, timeoutMs: number) {
    super(`Waited ${timeoutMs} ms in vain until ${what}`);
  }
}
