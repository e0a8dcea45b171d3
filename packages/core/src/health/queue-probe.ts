import { CommandTimeoutError } from '../errors/errors.js';
import type { QueueContext } from '../redis/queue-context.js';

/** What Redis says about a queue's health, at one moment. */
export interface Sighting {
  readonly lockValue: string;
  /** -2: there is no lock, -1: it does not expire. */
  readonly lockTtlMs: number;
  readonly leaderInfo: string;
  readonly nowMs: number;
  readonly oldestTag: string | null;
  readonly oldestSinceMs: number;
}

type Reply = [string, number, string, string, string | null, string | null];

type Answer = { readonly sighting: Sighting } | { readonly error: Error };

/** How many ready tags one look compares. */
const ringReach = 100;

/**
 * Asks Redis about one queue. While Redis is silent, one question is under way and no more, however often somebody asks: those
 * that are given up would all be sent when it is back.
 */
export class QueueProbe {
  #asking: Promise<Answer> | undefined;

  constructor(private readonly context: QueueContext) {}

  /** @throws {@link CommandTimeoutError} and what ioredis throws */
  async look(timeoutMs: number): Promise<Sighting> {
    this.#asking ??= this.#ask();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Answer>((resolve) => {
      timer = setTimeout(() => {
        resolve({ error: new CommandTimeoutError({ command: 'getHealth', timeoutMs }) });
      }, timeoutMs);
    });
    const answer = await Promise.race([this.#asking, late]);
    clearTimeout(timer);
    if ('error' in answer) throw answer.error;
    return answer.sighting;
  }

  /** Never rejects: nobody may be left who waits for the answer. */
  async #ask(): Promise<Answer> {
    const { scripts, keys, options } = this.context;
    const args = [ringReach, 2 * (options.maxPayloadBytes + options.maxTagBytes)];
    try {
      const reply = await scripts.run('getHealth', { keys: [keys.leaderInfo], args });
      return { sighting: decode(reply as Reply) };
    } catch (error) {
      return { error: error as Error };
    } finally {
      this.#asking = undefined;
    }
  }
}

function decode([lockValue, lockTtlMs, leaderInfo, now, tag, since]: Reply): Sighting {
  return {
    lockValue,
    lockTtlMs,
    leaderInfo,
    nowMs: Number(now),
    oldestTag: tag,
    oldestSinceMs: Number(since ?? 0),
  };
}
