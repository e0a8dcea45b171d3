import { commitArguments, type Completion, type CompletionGroup } from '../bullmq/completion-group.js';
import { isScriptFault } from '../bullmq/lane-channel.js';
import { firstResendMs, nextResendMs, ResendPauses } from '../bullmq/resend-pauses.js';
import { isLuaCode, luaError, notPlainCode } from '../errors/luaErrors.js';
import type { QueueContext } from '../redis/queue-context.js';

interface Waiting {
  readonly completion: Completion;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Records the completions of an instance's workers: those that come close together, and go on alike, go to Redis in one script. Each worker
 * awaits its own answer before its next task.
 *
 * A group holds at most half of the workers: while Redis works on one group, this process works on the other. Smaller groups
 * cost Redis more, and Redis is what limits the throughput of a process that is warm. Where tasks or results are large, a group
 * holds so few that its script does not hold Redis up.
 */
export class Completions implements CompletionGroup {
  readonly #largestGroup: number;
  #waiting: Waiting[] = [];
  #waitingSize = 0;
  #isScheduled = false;
  #untrimmed = 0;
  /** Groups of answers that were passed on in this turn of the event loop. */
  #passedOn = 0;
  #turnBeganMs = 0;
  #areTurnsLong = false;
  readonly #turns: (() => void)[] = [];
  readonly #pauses = new ResendPauses();

  constructor(
    private readonly context: Pick<QueueContext, 'nodeId' | 'scripts' | 'options'>,
    private readonly onError: (error: unknown) => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.#largestGroup = Math.min(mostInGroup, Math.max(1, Math.ceil(context.options.workerCount / 2)));
  }

  commit(completion: Completion): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#waitingSize + completion.size > largestSize) this.#flush();
      this.#waiting.push({ completion, resolve, reject });
      this.#waitingSize += completion.size;
      if (this.#waiting.length >= this.#largestGroup || this.#waitingSize >= largestSize) this.#flush();
      else this.#schedule();
    });
  }

  endPauses(): void {
    this.#pauses.end();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  /**
   * Answers that come together are passed on one group at a time: its workers send their next completions before those of the
   * next group begin. Otherwise all of them would send at the same time from then on, and Redis and this process would wait
   * for each other. But while turns of the event loop take long, because the process does other things too, nobody waits for
   * one: a group in each of them would be all that is done.
   */
  async #turn(): Promise<void> {
    if (this.#passedOn > 0 && !this.#areTurnsLong)
      await new Promise<void>((resolve) => this.#turns.push(resolve));
    else this.#passOn();
  }

  #passOn(): void {
    if (this.#passedOn === 0) {
      this.#turnBeganMs = this.nowMs();
      setImmediate(this.#endTurn);
    }
    this.#passedOn += 1;
  }

  readonly #endTurn = (): void => {
    this.#flush();
    this.#areTurnsLong = this.nowMs() - this.#turnBeganMs > longTurnMs * this.#passedOn;
    this.#passedOn = 0;
    for (const resolve of this.#turns.splice(0, this.#areTurnsLong ? this.#turns.length : 1)) {
      this.#passOn();
      resolve();
    }
  };

  #flush(): void {
    const group = this.#waiting;
    if (group.length === 0) return;
    this.#waiting = [];
    this.#waitingSize = 0;
    for (const alike of groupsOf(group)) void this.#send(alike);
  }

  /** Until Redis answers: the script may run twice, and a result is not given up for a passing fault. */
  async #send(group: readonly Waiting[]): Promise<void> {
    for (let pauseMs = firstResendMs; ; pauseMs = nextResendMs(pauseMs)) {
      const present = group.filter((waiting) => !isAbandoned(waiting));
      if (present.length === 0) return;
      try {
        const replies = await this.#run(present);
        await this.#turn();
        present.forEach((waiting, index) => {
          settle(waiting, replies[index]);
        });
        return;
      } catch (error) {
        this.onError(error);
        // What the script fails on is found by the general commit of the task that has it.
        if (isScriptFault(error)) {
          for (const { resolve } of present) resolve('not-plain');
          return;
        }
      }
      await this.#pauses.pause(pauseMs);
    }
  }

  /** A script appends up to four events for each of its tasks; of itself it trims the stream only where it takes in general. */
  #isTrimDue(completions: number): boolean {
    this.#untrimmed += completions;
    if (this.#untrimmed < trimEvery) return false;
    this.#untrimmed = 0;
    return true;
  }

  async #run(group: readonly Waiting[]): Promise<readonly unknown[]> {
    const { scripts, nodeId } = this.context;
    const now = Date.now();
    const trims = this.#isTrimDue(group.length);
    const args = commitArguments(
      now,
      trims,
      group.map(({ completion }) => completion),
    );
    const replies = (await scripts.run('commitTasks', { caller: nodeId, args })) as unknown[];
    return replies.map((reply) => withStart(reply, now));
  }
}

/** When the next task was started, which is not sent back where the script has it from us. */
export function withStart(reply: unknown, now: number): unknown {
  if (!Array.isArray(reply) || typeof reply[0] !== 'string') return reply;
  const task = reply as unknown[];
  return task.length === fieldsWithoutStart ? [...task, String(now)] : task;
}

const fieldsWithoutStart = 5;

/**
 * So that a script of many completions does not hold Redis up: so many, and so many characters of the tasks that ended. The
 * script itself stops taking next tasks when it has read as much of theirs.
 */
const mostInGroup = 25;
const largestSize = 200_000;

/** A turn with one group takes less, where handlers do next to nothing and the process nothing else. */
const longTurnMs = 1;

/** Completions after which the stream of events is trimmed at the latest. */
const trimEvery = 100;

/** What one script can record: the same next step. Nearly always that is all of them. */
function groupsOf(waiting: readonly Waiting[]): Iterable<readonly Waiting[]> {
  const [first] = waiting;
  if (first === undefined || waiting.every((other) => areAlike(first, other))) return [waiting];
  const groups: Waiting[][] = [];
  for (const each of waiting) {
    const group = groups.find(([begin]) => begin !== undefined && areAlike(begin, each));
    if (group) group.push(each);
    else groups.push([each]);
  }
  return groups;
}

function areAlike({ completion: one }: Waiting, { completion: other }: Waiting): boolean {
  return one.takes === other.takes;
}

function isAbandoned({ completion, reject }: Waiting): boolean {
  const reason = completion.abandoned();
  if (reason !== undefined) reject(reason);
  return reason !== undefined;
}

function settle({ completion, resolve, reject }: Waiting, reply: unknown): void {
  const { workerId, jobId } = completion;
  if (reply === notPlainCode) resolve('not-plain');
  else if (isLuaCode(reply)) reject(luaError('commitTasks', reply, { workerId, jobId }));
  else resolve(reply);
}
