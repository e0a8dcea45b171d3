import { appendFileSync, closeSync, createReadStream, openSync, readFileSync, truncateSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Redis } from 'ioredis';
import { decodeWitness, type WitnessEntry } from 'nestjs-affinity-queue/history';

const page = 1_000;
const blockMs = 200;

/**
 * Keeps the witness stream of a queue in a file while it is written, and knows what has happened so far. What it has read
 * leaves the stream, so that the memory of Redis tells of the queue and not of its witness.
 */
export class WitnessFollower {
  /** Attempts that have ended, in whatever way. */
  commits = 0;
  /** Workers that have registered. */
  registered = 0;
  /** The node that was elected last and has not resigned. */
  leader: string | undefined;
  /** How often a leader has resigned. */
  resignations = 0;
  readonly #present = new Set<string>();
  readonly #file: number;
  readonly #key: string;
  #last = '0';
  #isOver = false;
  #isHeld = false;
  #trimming: Promise<unknown> = Promise.resolve();
  #following: Promise<void> | undefined;

  constructor(
    private readonly redis: Redis,
    pendingQueueName: string,
    readonly path: string,
  ) {
    this.#key = `bull:${pendingQueueName}:aff:witness`;
    this.#file = openSync(path, 'ax');
  }

  start(): void {
    this.#following ??= this.#follow();
  }

  /** Tasks that are known to wait or run. */
  get backlog(): number {
    return this.#present.size;
  }

  /** Reads what is left and closes the file. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#following;
    while ((await this.#read(1)) === page);
    closeSync(this.#file);
  }

  /** Before Redis loses its present state: what it will have then has to be found, so that nothing is trimmed. */
  async hold(): Promise<void> {
    this.#isHeld = true;
    await this.#trimming;
  }

  /**
   * Redis has gone back to an earlier state of its data: what it had done since never happened, and is taken out of the file.
   *
   * @param lostAtMs - when it lost its present state, by its clock
   * @returns how many entries were taken out
   */
  async goBack(lostAtMs: number): Promise<number> {
    const [last] = await this.redis.xrevrange(this.#key, lostAtMs, '-', 'COUNT', 1);
    this.#isHeld = false;
    const lines = readFileSync(this.path, 'utf8').split('\n').filter(Boolean);
    const entries = lines.map((line) => JSON.parse(line) as WitnessEntry);
    const isLost = ({ entryId }: WitnessEntry): boolean =>
      compareIds(entryId, `${lostAtMs}-${Number.MAX_SAFE_INTEGER}`) <= 0 &&
      (last === undefined || compareIds(entryId, last[0]) > 0);
    const kept = entries.filter((entry) => !isLost(entry));
    truncateSync(this.path);
    appendFileSync(this.path, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    const { commits, registered, resignations } = this;
    this.#present.clear();
    for (const entry of kept) this.#see(entry);
    Object.assign(this, { commits, registered, resignations });
    return entries.length - kept.length;
  }

  async #follow(): Promise<void> {
    while (!this.#isOver) {
      const count = await this.#read(blockMs);
      if (count === 0 || this.#isHeld) continue;
      this.#trimming = this.redis.xtrim(this.#key, 'MINID', this.#last);
      await this.#trimming;
    }
  }

  async #read(ms: number): Promise<number> {
    const reply = await this.redis.xread('COUNT', page, 'BLOCK', ms, 'STREAMS', this.#key, this.#last);
    const entries = reply?.[0]?.[1] ?? [];
    const lines: string[] = [];
    for (const [id, fields] of entries) {
      this.#last = id;
      const entry = decodeWitness(id, fields);
      if (entry === undefined) continue;
      lines.push(JSON.stringify(entry), '\n');
      this.#see(entry);
    }
    if (lines.length > 0) appendFileSync(this.#file, lines.join(''));
    return entries.length;
  }

  #see(entry: WitnessEntry): void {
    switch (entry.witness) {
      case 'added':
      case 'indexed':
        this.#present.add(entry.id);
        break;
      case 'ended':
        this.commits += 1;
        if (entry.outcome === 'completed' || entry.outcome === 'failed') this.#present.delete(entry.id);
        break;
      case 'gone':
        this.#present.delete(entry.id);
        break;
      case 'registered':
        this.registered += 1;
        break;
      case 'elected':
        this.leader = entry.leader.slice(0, entry.leader.lastIndexOf(':'));
        break;
      case 'resigned':
        this.resignations += 1;
        this.leader = undefined;
        break;
      case 'deposed':
        this.leader = undefined;
        break;
      default:
    }
  }
}

/** Ids of stream entries: milliseconds, and a number. */
function compareIds(one: string, other: string): number {
  const [ms = 0, count = 0] = one.split('-').map(Number);
  const [otherMs = 0, otherCount = 0] = other.split('-').map(Number);
  return ms - otherMs || count - otherCount;
}

/** What a follower has kept. */
export async function* readKeptWitness(path: string): AsyncGenerator<WitnessEntry> {
  for await (const line of createInterface({ input: createReadStream(path, 'utf8') }))
    yield JSON.parse(line) as WitnessEntry;
}
