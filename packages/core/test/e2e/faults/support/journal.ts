import type { Redis } from 'ioredis';

/** One thing that the handler of some process did. */
export interface JournalEntry {
  readonly what: 'started' | 'ended' | 'aborted';
  readonly jobId: string;
  readonly identifyTag: string;
  readonly n: number;
  readonly workerId: string;
  readonly attempt: number;
  readonly fencingToken: number;
  readonly nodeId: string;
  /** When Redis heard of it, in ms by its clock. */
  readonly at: number;
}

/** What the handlers of all processes did, in the order in which Redis heard of it. */
export class Journal {
  constructor(
    private readonly redis: Redis,
    readonly key: string,
  ) {}

  async entries(): Promise<JournalEntry[]> {
    const rows = await this.redis.lrange(this.key, 0, -1);
    return rows.map((row) => {
      const space = row.indexOf(' ');
      return { ...(JSON.parse(row.slice(space)) as JournalEntry), at: Number(row.slice(0, space)) };
    });
  }

  async of(identifyTag: string, what?: JournalEntry['what']): Promise<JournalEntry[]> {
    const entries = await this.entries();
    return entries.filter(
      (entry) => entry.identifyTag === identifyTag && (what ?? entry.what) === entry.what,
    );
  }

  /** Numbers of the tasks of a tag, in the order in which they began. */
  async started(identifyTag: string): Promise<number[]> {
    return (await this.of(identifyTag, 'started')).map(({ n }) => n);
  }

  /** Numbers of the tasks of a tag, in the order in which they ended well. */
  async ended(identifyTag: string): Promise<number[]> {
    return (await this.of(identifyTag, 'ended')).map(({ n }) => n);
  }

  /** Tasks that began while another one of their tag was running. A task whose process died does not run any more. */
  async overlaps(deadNodes: readonly string[] = []): Promise<JournalEntry[]> {
    const running = new Map<string, JournalEntry>();
    const overlapping: JournalEntry[] = [];
    for (const entry of await this.entries()) {
      const before = running.get(entry.identifyTag);
      if (entry.what === 'started') {
        if (before && !deadNodes.includes(before.nodeId)) overlapping.push(entry);
        running.set(entry.identifyTag, entry);
      } else if (before?.workerId === entry.workerId) running.delete(entry.identifyTag);
    }
    return overlapping;
  }
}
