import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 20;

export class DeadlineError extends Error {}

/**
 * Polls a condition until it holds and returns what it returned.
 *
 * @template T
 * @param {string} what for the message, as in "waited 5 s for <what>"
 * @param {() => T | Promise<T>} condition holds once it returns something truthy
 * @param {{ deadlineMs?: number, signal?: AbortSignal }} [options]
 * @returns {Promise<T>}
 * @throws DeadlineError
 */
export async function until(what, condition, { deadlineMs = 30_000, signal } = {}) {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    signal?.throwIfAborted();
    const value = await condition();
    if (value) return value;
    if (performance.now() > endMs)
      throw new DeadlineError(`waited ${deadlineMs / 1_000} s in vain for ${what}`);
    await pause(POLL_MS, undefined, { signal });
  }
}
