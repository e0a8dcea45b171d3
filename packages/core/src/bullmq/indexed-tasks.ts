import type { QueueScripts } from '../redis/queue-scripts.js';

/** How many tasks one script removes at most; keeps each call in the low milliseconds. */
const windowSize = 200;

/** The waiting tasks that are in none of BullMQ's lists, since they are indexed by their tags or dispatched. */
export class IndexedTasks {
  constructor(private readonly scripts: QueueScripts) {}

  /** A page of all waiting tasks in their order, those in BullMQ's `wait` included: ids. */
  async pageOfIds(start: number, end: number, asc: boolean): Promise<string[]> {
    return (await this.scripts.run('getWaitingTasks', { args: [start, end, asc ? 1 : 0, 0] })) as string[];
  }

  /** The same with the tasks' hashes, without ids that have none. */
  async page(start: number, end: number, asc: boolean): Promise<[id: string, flatHash: string[]][]> {
    const reply = await this.scripts.run('getWaitingTasks', { args: [start, end, asc ? 1 : 0, 1] });
    return reply as [string, string[]][];
  }

  /**
   * Removes tasks, the oldest first.
   *
   * @param which - all, or without the iterations of job schedulers that produce the next ones
   * @returns how many were removed; may be more than `most`
   */
  async drain(which: 'all' | 'keep-scheduled', most = Number.POSITIVE_INFINITY): Promise<number> {
    let removed = 0;
    for (let position = 0; position >= 0 && removed < most;) {
      const args = [position, windowSize, which];
      const [next, count] = (await this.scripts.run('drainIndexed', { args })) as [number, number];
      removed += count;
      position = next;
    }
    return removed;
  }

  /**
   * Removes tasks that were last touched at a time or before, the oldest first.
   *
   * @returns their ids
   */
  async expire(until: number, most: number): Promise<string[]> {
    const removed: string[] = [];
    for (let position = 0; position >= 0 && removed.length < most;) {
      const args = [position, Math.min(windowSize, most - removed.length), until];
      const [next, ...ids] = (await this.scripts.run('expireIndexed', { args })) as [number, ...string[]];
      removed.push(...ids);
      position = next;
    }
    return removed;
  }
}
