import { CommandTimeoutError } from '../errors/errors.js';
import type { QueueSighting } from '../module/queue-sighting.js';

type Answer = { readonly sighting: QueueSighting } | { readonly error: Error };

/**
 * Asks Redis about one queue. While Redis is silent, one question is under way and no more, however often somebody asks: those
 * that are given up would all be sent when it is back.
 */
export class QueueProbe {
  #asking: Promise<Answer> | undefined;

  constructor(private readonly queue: { sight(): Promise<QueueSighting> }) {}

  /** @throws {@link CommandTimeoutError} and what ioredis throws */
  async look(timeoutMs: number): Promise<QueueSighting> {
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
    try {
      return { sighting: await this.queue.sight() };
    } catch (error) {
      return { error: error as Error };
    } finally {
      this.#asking = undefined;
    }
  }
}
