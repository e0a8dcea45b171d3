import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { constants, getPriority, setPriority } from 'node:os';

/** Not the lowest: beside other work on the machine the load would hardly run at all. */
const low = Math.max(getPriority(), constants.priority.PRIORITY_BELOW_NORMAL);
const threads = '/proc/self/task';
const session = '/proc/self/autogroup';

let lowered: Promise<void> | undefined;

/**
 * Lowers the priority of this process for the rest of its life, and of what it starts: where a script's time is taken by the
 * clock, the threads that make the load (the garbage collector's helpers, above all) must not take a core from Redis
 * in the middle of it.
 */
export function letRedisGoFirst(): Promise<void> {
  lowered ??= lower();
  return lowered;
}

async function lower(): Promise<void> {
  setPriority(low);
  // Linux: a priority belongs to a thread; those begun before are named one by one, those begun later inherit it.
  for (const thread of existsSync(threads) ? await readdir(threads) : []) lowerThread(Number(thread));
  // And where sessions share the cores first, priorities count within a session only: a measurement has one of its own.
  if (existsSync(session)) await writeFile(session, String(low));
}

function lowerThread(thread: number): void {
  try {
    setPriority(thread, low);
  } catch (error) {
    // It has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
