import type { AttemptLedger } from './attempt-ledger.js';
import { boundedReason } from './bounded-failure.js';
import { isScriptFault, type LaneCall, type LaneChannel } from './lane-channel.js';

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
   * Sends a commit until it is answered. A refusal is final: nothing else is sent for that attempt. A task on whose data the
   * script fails is buried: it would hold its worker for ever.
   *
   * @returns the reply: it may hold the next task
   */
  async send(call: LaneCall, jobId: string, command: string): Promise<unknown> {
    const reply = await this.#send(call, jobId);
    if (typeof reply !== 'number' || reply >= 0) return reply;
    const error = this.toError({ code: reply, jobId, command, state: 'active' });
    // Any other code says that the task is not this worker's any more.
    if (!aboutChildren.has(reply)) this.attempts.refuse(error);
    throw error;
  }

  async #send(call: LaneCall, jobId: string): Promise<unknown> {
    try {
      return await this.channel.sendUntilAnswered(call);
    } catch (error) {
      if (isScriptFault(error)) return this.#bury(call, jobId, error);
      this.attempts.refuse(error);
      throw error;
    }
  }

  async #bury(call: LaneCall, jobId: string, fault: unknown): Promise<unknown> {
    // A handler that waits for children learns of it, and its attempt fails.
    if (call.script === 'awaitChildren') throw fault;
    const reason = boundedReason(
      `its outcome could not be recorded: ${fault instanceof Error ? fault.message : ''}`,
    );
    const args = [...call.args.slice(0, 4), jobId, reason, Date.now()];
    return this.channel.sendUntilAnswered({ script: 'buryTask', args });
  }
}
