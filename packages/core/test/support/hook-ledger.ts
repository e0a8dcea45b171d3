import type { ReleaseReason, TagBinding, TagHooks, TaskContext, TaskHandler } from '../../src/index.js';

type What = 'bound' | 'begin' | 'end' | 'released';

export interface LedgerEntry {
  readonly what: What;
  readonly identifyTag: string;
  readonly workerId: string;
  readonly fencingToken: number;
  readonly reason?: ReleaseReason;
}

type About = Pick<TagBinding, 'identifyTag' | 'workerId' | 'fencingToken'>;

/** Keeps account of hooks and handlers, of whichever instances in this process. */
export class HookLedger {
  readonly entries: LedgerEntry[] = [];
  /** What must never happen: an empty list. */
  readonly problems: string[] = [];
  /** Handlers that run, by the batch that is open for them. */
  readonly #open = new Map<string, { readonly about: About; running: number }>();

  /** @param around - what the hooks do; a bound hook that throws has bound nothing */
  hooks(around: TagHooks = {}): TagHooks {
    return {
      bound: async (binding) => {
        await around.bound?.(binding);
        if (this.#open.has(keyOf(binding))) this.#complain('is bound twice', binding);
        for (const { about } of this.#open.values()) {
          if (about.identifyTag === binding.identifyTag)
            this.#complain(`is open on ${about.workerId}`, binding);
        }
        this.#open.set(keyOf(binding), { about: binding, running: 0 });
        this.#note('bound', binding);
      },
      released: async (release) => {
        const open = this.#open.get(keyOf(release));
        if (open === undefined) this.#complain('is released and was not bound', release);
        else if (open.running > 0) this.#complain('is released while a handler runs', release);
        try {
          await around.released?.(release);
        } finally {
          this.#open.delete(keyOf(release));
          this.#note('released', release, release.reason);
        }
      },
    };
  }

  handler(body: (payload: any, context: TaskContext) => unknown): TaskHandler {
    return async (payload: unknown, context) => {
      const open = this.#open.get(keyOf(context));
      if (open === undefined) this.#complain('runs unbound', context);
      else open.running += 1;
      this.#note('begin', context);
      try {
        return await body(payload, context);
      } finally {
        this.#note('end', context);
        if (open !== undefined) open.running -= 1;
      }
    };
  }

  /** Batches that were bound and not released yet. */
  get open(): string[] {
    return [...this.#open.keys()];
  }

  count(what: What): number {
    return this.entries.filter((entry) => entry.what === what).length;
  }

  /** How often tags were released for each reason. */
  get reasons(): Partial<Record<ReleaseReason, number>> {
    const counts: Partial<Record<ReleaseReason, number>> = {};
    for (const { reason } of this.entries)
      if (reason !== undefined) counts[reason] = (counts[reason] ?? 0) + 1;
    return counts;
  }

  /** Entries of a tag: `bound`, `begin`, `end`, `released: empty`. */
  story(identifyTag: string, workerId?: string): string[] {
    return this.entries
      .filter((entry) => entry.identifyTag === identifyTag && (workerId ?? entry.workerId) === entry.workerId)
      .map(({ what, reason }) => (reason === undefined ? what : `${what}: ${reason}`));
  }

  #note(what: What, { identifyTag, workerId, fencingToken }: About, reason?: ReleaseReason): void {
    this.entries.push({ what, identifyTag, workerId, fencingToken, ...(reason !== undefined && { reason }) });
  }

  #complain(problem: string, { identifyTag, workerId }: About): void {
    this.problems.push(`${identifyTag} on ${workerId} ${problem}`);
  }
}

const keyOf = ({ workerId, fencingToken }: About): string => `${workerId} ${fencingToken}`;
