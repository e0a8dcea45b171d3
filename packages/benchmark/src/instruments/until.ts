export interface UntilOptions {
  readonly pollMs?: number;
  readonly timeoutMs?: number;
}

/** Polls a condition; throws when it does not hold in time. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  { pollMs = 5, timeoutMs = 120_000 }: UntilOptions = {},
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${what}`);
    await pause(pollMs);
  }
}

/** Lets time pass: the length of a measured window, or the think time of a load. Never to wait for something. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
