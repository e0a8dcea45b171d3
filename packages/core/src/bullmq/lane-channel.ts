import { LeaseLostError, NotTaskOwnerError, WorkerFencedError } from '../errors/errors.js';
import type { LuaScriptName } from '../redis/generated/lua-sources.js';
import type { QueueScripts } from '../redis/queue-scripts.js';
import type { ScriptArgument } from '../redis/script-runner.js';
import type { CompletionGroup } from './completion-group.js';
import { firstResendMs, nextResendMs, ResendPauses } from './resend-pauses.js';

export interface LaneOptions {
  readonly workerId: string;
  /** Whether this worker's tasks are short enough for a look-ahead. */
  readonly runsShortTasks: () => boolean;
  /** Whether a take must not end the batch: something comes before its release. */
  readonly holdsBatch: () => boolean;
  /** The batch is about to be given back with a task that is to be tried again. */
  readonly beforeGivingBack: () => Promise<void>;
  /** Largest progress and log row. */
  readonly maxWriteBytes: number;
  /** Shared by the workers of an instance. */
  readonly completions: CompletionGroup;
  /** A task that BullMQ cannot read fails without being run. */
  readonly onMalformed: (jobId: string) => void;
  /** The worker is not registered any more. */
  readonly onFenced: () => void;
  readonly onError: (error: unknown) => void;
}

/** A script in the name of the worker. */
export interface LaneCall {
  readonly script: LuaScriptName;
  readonly keys?: readonly string[];
  readonly args: readonly ScriptArgument[];
}

/** A script that fails on what it finds in Redis will fail on it again: it is sent no more often than this. */
const mostScriptFaults = 3;

/** Whether Redis ran the script and the script failed, in other words not because of the state that Redis is in. */
export function isScriptFault(error: unknown): boolean {
  return error instanceof Error && /^(ERR|WRONGTYPE) .*script/s.test(error.message);
}

/** What a worker sends to Redis in its own name, until its lease is gone. */
export class LaneChannel {
  #abandoned: Error | undefined;
  readonly #giveUps = new Set<() => void>();
  readonly #pauses = new ResendPauses();

  constructor(
    private readonly scripts: QueueScripts,
    private readonly lane: LaneOptions,
  ) {}

  /** Why the lease is gone, if it is. */
  get abandoned(): Error | undefined {
    return this.#abandoned;
  }

  /** The lease is gone: nothing is sent any more, and what waits to be sent again is given up. */
  abandon(reason: Error): void {
    this.#abandoned ??= reason;
    this.endPauses();
    for (const giveUp of this.#giveUps) giveUp();
  }

  /** Whoever waits to send again does it now. */
  endPauses(): void {
    this.#pauses.end();
  }

  /** @throws {@link LeaseLostError}, {@link WorkerFencedError}, and whatever else went wrong; it may have run then */
  async send({ script, keys, args }: LaneCall): Promise<unknown> {
    const { workerId } = this.lane;
    if (this.#abandoned) throw this.#leaseLost();
    try {
      return await this.scripts.run(script, { caller: workerId, keys, args, context: { workerId } });
    } catch (error) {
      if (error instanceof WorkerFencedError) this.lane.onFenced();
      throw error;
    }
  }

  /**
   * As {@link send}, for what a handler awaits: when the lease is gone, it does not wait for a Redis that is away, but learns
   * that it is to stop.
   */
  async sendWhileLeased(call: LaneCall): Promise<unknown> {
    let giveUp = (): void => undefined;
    const gone = new Promise<never>((_, reject) => {
      giveUp = () => {
        reject(this.#leaseLost());
      };
    });
    this.#giveUps.add(giveUp);
    try {
      return await Promise.race([this.send(call), gone]);
    } finally {
      this.#giveUps.delete(giveUp);
    }
  }

  /**
   * Sends until Redis has answered: for scripts that may run twice.
   *
   * @param isVain - whether the answer does not matter any more; then there is none
   * @throws {@link WorkerFencedError}, {@link NotTaskOwnerError}, the reason why the lease is gone, or what the script fails
   *   on ({@link isScriptFault})
   */
  async sendUntilAnswered(call: LaneCall, isVain = () => false): Promise<unknown> {
    let scriptFaults = 0;
    for (let pauseMs = firstResendMs; !isVain(); pauseMs = nextResendMs(pauseMs)) {
      if (this.#abandoned) throw this.#abandoned;
      try {
        return await this.send(call);
      } catch (error) {
        if (error instanceof WorkerFencedError || error instanceof NotTaskOwnerError) throw error;
        if (isScriptFault(error) && ++scriptFaults === mostScriptFaults) throw error;
        this.lane.onError(error);
      }
      await this.pause(pauseMs);
    }
    return undefined;
  }

  #leaseLost(): LeaseLostError {
    return new LeaseLostError({ holder: this.lane.workerId, reason: this.#abandoned?.message ?? '' });
  }

  /** Resolves after so long, when the lease is gone, or when pauses are ended. */
  async pause(ms: number): Promise<void> {
    if (!this.#abandoned) await this.#pauses.pause(ms);
  }
}
