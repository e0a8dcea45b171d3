/** Does it for all, waits for all, and only then throws the first error: nothing is left going on behind it. */
export async function settleAll<T>(items: readonly T[], step: (item: T) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(items.map(step));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
