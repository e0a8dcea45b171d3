import type { AttemptLedger } from './attempt-ledger.js';
import type { LaneCall, LaneChannel } from './lane-channel.js';

/** BullMQ's code for what kept a script from running, and what it was about. */
export interface ScriptProblem {
  readonly code: number;
  readonly jobId: string;
  readonly command: string;
  readonly state?: string;
}

/** Pending or failed children. They say something about the task: BullMQ fails the attempt then. */
const aboutChildren: ReadonlySet<number> = new Set([-4, -9]);

/** Records how the attempts of one worker ended. */
export class AttemptCommits {
  constructor(
    private readonly channel: LaneChannel,
    private readonly attempts: AttemptLedger,
    private readonly toError: (problem: ScriptProblem) => Error,
  ) {}

  /**
   * Sends a commit until it is answered. A refusal is final: nothing else is sent for that attempt.
   *
   * @returns the reply, which {@link next} or {@link handOver} want to know
   */
  async send(call: LaneCall, jobId: string, command: string): Promise<unknown> {
    let reply: unknown;
    try {
      reply = await this.channel.sendUntilAnswered(call);
    } catch (error) {
      this.attempts.refuse(error);
      throw error;
    }
    if (typeof reply !== 'number' || reply >= 0) return reply;
    const error = this.toError({ code: reply, jobId, command, state: 'active' });
    // Any other code says that the task is not this worker's any more.
    if (!aboutChildren.has(reply)) this.attempts.refuse(error);
    throw error;
  }

  /** The attempt is over; the reply may hold the next one. */
  next(reply: unknown): unknown[] | undefined {
    if (Array.isArray(reply)) return this.attempts.taken(reply);
    this.attempts.ended();
    return undefined;
  }

  /** The handler itself moved its task away; the reply may hold the next one. */
  handOver(reply: unknown): unknown[] | undefined {
    if (Array.isArray(reply)) return this.attempts.taken(reply);
    this.attempts.handedOver();
    return undefined;
  }
}
