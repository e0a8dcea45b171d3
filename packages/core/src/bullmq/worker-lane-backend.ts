import {
  type JobProgress,
  type KeepJobs,
  type MinimalJob,
  type MoveToDelayedOpts,
  type MoveToWaitingChildrenOpts,
  type RetryJobOpts,
} from 'bullmq';
import { utf8Bytes } from '../domain/text.js';
import { TaskWriteTooLargeError, WorkerFencedError } from '../errors/errors.js';
import type { ScriptArgument } from '../redis/script-runner.js';
import { AttemptLedger } from './attempt-ledger.js';
import { tagIn } from './job-types.js';
import { AttemptCommits } from './attempt-commits.js';
import { boundedReason } from './bounded-failure.js';
import { LaneChannel, type LaneCall, type LaneOptions } from './lane-channel.js';
import { PendingQueueBackend, type PendingQueueBackendOptions } from './pending-queue-backend.js';
import { encodeProgress } from './progress.js';
import { asArguments, asTexts } from './script-arguments.js';
import { changeOfLength, completionOf } from './standing.js';
import type { Taken, TakenTask } from './taken-task.js';
import { WakeSignal } from './wake-signal.js';

type Finished = { result: undefined; finishedOn: number };

/** Before an attempt is begun again that could not even begin. */
const repeatPauseMs = 200;

/**
 * BullMQ's backend for one worker: the pending queue's keys everywhere, but tasks come from the worker's own list, and
 * every step that ends an attempt is one of our scripts.
 *
 * A commit is sent until Redis answers or the worker has to give up: its result is never thrown away because of a
 * passing fault, and it never turns into a failure of the task.
 */
export class WorkerLaneBackend extends PendingQueueBackend {
  readonly #lane: LaneOptions;
  readonly #channel: LaneChannel;
  readonly #attempts: AttemptLedger;
  readonly #commits: AttemptCommits;
  readonly #wake = new WakeSignal();
  #stopping = false;

  constructor(options: PendingQueueBackendOptions, lane: LaneOptions) {
    super(options);
    this.#lane = lane;
    this.#channel = new LaneChannel(options.scripts, lane);
    this.#attempts = new AttemptLedger(lane.workerId);
    this.#commits = new AttemptCommits(this.#channel, this.#attempts, (problem) =>
      this.finishedErrors(problem),
    );
  }

  readonly #abandoned = (): Error | undefined => this.#channel.abandoned;

  get current(): TakenTask | undefined {
    return this.#attempts.current;
  }

  /** There may be a task. */
  wake(): void {
    this.#wake.set();
  }

  /** The task that was taken is passed to its handler. */
  begun(): void {
    this.#attempts.begun();
  }

  /** Something went wrong with the task that was taken. */
  noteError(error: unknown): void {
    this.#attempts.noteError(error);
  }

  /** Take nothing new; a task that is on its way is not begun, and goes back when the worker retires. */
  stopTaking(): void {
    this.#stopping = true;
    this.#wake.interrupt();
    this.#channel.endPauses();
    this.#lane.completions.endPauses();
  }

  /** The lease is gone: whatever this worker still sends is refused here already. */
  abandon(reason: Error): void {
    this.#channel.abandon(reason);
    this.stopTaking();
  }

  /** Resolves when there may be a task, or nothing is to be taken any more. */
  async untilWoken(): Promise<void> {
    if (!this.#stopping) await this.#wake.wait();
  }

  /** Resolves after so long, or when nothing is to be taken any more. */
  async sleep(ms: number): Promise<void> {
    if (!this.#stopping) await this.#channel.pause(ms);
  }

  override disconnectBlocking(): Promise<void> {
    return Promise.resolve();
  }

  override reconnectBlocking(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * Takes the next task. While the worker has an attempt without an outcome, Redis gives that one again.
   *
   * @returns what was found; nothing where something was, but there is nothing to run: ask again
   */
  async take(): Promise<Taken | undefined> {
    const { workerId, holdsBatch } = this.#lane;
    const args = [workerId, Date.now(), ...(holdsBatch() ? [1] : [])];
    const reply = await this.#channel.sendUntilAnswered({ script: 'takeTask', args }, () => this.#stopping);
    if (this.#stopping) return undefined;
    const taken = await this.#received(reply);
    if (this.#attempts.isRepeated) await this.#channel.pause(repeatPauseMs);
    return taken;
  }

  /**
   * Completes the attempt that runs together with those of other workers, and takes the next task.
   *
   * @param json - the result
   * @returns what was taken, if anything; `not-plain` where the task must be completed by BullMQ's own script
   * @throws {@link WorkerFencedError}, {@link NotTaskOwnerError}, the reason why the lease is gone
   */
  async complete(jobId: string, json: string): Promise<Taken | 'not-plain' | undefined> {
    const task = this.#attempts.running(jobId);
    const { standing, stored } = task;
    if (stored.keep === undefined) return 'not-plain';
    const { workerId, runsShortTasks, holdsBatch, onFenced, completions } = this.#lane;
    const isShort = runsShortTasks();
    const next = this.#stopping ? '0' : holdsBatch() ? '2' : '1';
    const takes = next + changeOfLength(standing, isShort);
    const args = [workerId, ...completionOf(standing, task, isShort), stored.keep, json];
    const size = task.data.length + json.length;
    let reply: unknown;
    try {
      reply = await completions.commit({ workerId, jobId, takes, args, size, abandoned: this.#abandoned });
    } catch (error) {
      if (error instanceof WorkerFencedError) onFenced();
      this.#attempts.refuse(error);
      throw error;
    }
    if (reply === 'not-plain') return 'not-plain';
    // The next task may have the id of this one, and its first attempt too: it was removed, and added again.
    this.#attempts.ended();
    // A task that came too late to be begun goes back when the worker retires.
    if (Array.isArray(reply) && !this.#stopping) return this.#received(reply);
    return undefined;
  }

  override async moveToCompleted<T = unknown, R = unknown, N extends string = string>(
    job: MinimalJob<T, R, N>,
    returnValue: R,
    removeOnComplete: boolean | number | KeepJobs,
    token: string,
    _fetchNext: boolean,
  ): Promise<Finished> {
    const value = JSON.stringify(returnValue) as R;
    return this.#finish(job, this.moveToCompletedArgs(job, value, removeOnComplete, token, false), token);
  }

  override async moveToFailed<T = unknown, R = unknown, N extends string = string>(
    job: MinimalJob<T, R, N>,
    failedReason: string,
    removeOnFail: boolean | number | KeepJobs,
    token: string,
    _fetchNext: boolean,
    fieldsToUpdate?: Record<string, unknown>,
  ): Promise<Finished> {
    const fields = fieldsToUpdate && asTexts(fieldsToUpdate);
    const args = this.moveToFailedArgs(job, boundedReason(failedReason), removeOnFail, token, false, fields);
    return this.#finish(job, args, token);
  }

  /** A failed attempt with attempts left (`skipAttempt` off), or a handler that delays its own task. */
  override async moveToDelayed(
    jobId: string,
    timestamp: number,
    delay: number,
    token = '0',
    { skipAttempt = false, fieldsToUpdate }: MoveToDelayedOpts = {},
  ): Promise<void> {
    const fields = fieldsToUpdate && asTexts(fieldsToUpdate);
    if (!skipAttempt && this.#attempts.running(jobId).stored.retryOrder !== 'skip') {
      return this.#giveBack(jobId, token, { delay, counts: true, fields });
    }
    const opts = { skipAttempt, fieldsToUpdate: fields, fetchNext: false };
    const bull = asArguments(this.moveToDelayedArgs(jobId, timestamp, token, delay, opts));
    const [keys, rest] = [bull.slice(0, 11).map(String), bull.slice(11)];
    const call = { script: 'delayTask', keys, args: this.#commitArgs(jobId, token, rest) } as const;
    await this.#commits.send(call, jobId, 'moveToDelayed');
    this.#ended(skipAttempt);
  }

  /** A failed attempt with attempts left and no back-off. */
  override async retryJob(
    jobId: string,
    _lifo: boolean,
    token = '0',
    { fieldsToUpdate }: RetryJobOpts = {},
  ): Promise<void> {
    await this.moveToDelayed(jobId, Date.now(), 0, token, { fieldsToUpdate });
  }

  /** A task that its handler hands back: a manual rate limit, `job.moveToWait`. */
  override async moveJobFromActiveToWait(jobId: string, token = '0'): Promise<number> {
    await this.#giveBack(jobId, token, { delay: 0, counts: false });
    return Math.max(0, await this.getRateLimitTtl());
  }

  override async moveToWaitingChildren(
    jobId: string,
    token: string,
    opts: MoveToWaitingChildrenOpts = {},
  ): Promise<boolean> {
    const bull = asArguments(this.moveToWaitingChildrenArgs(jobId, token, opts));
    const [keys, rest] = [bull.slice(0, 7).map(String), bull.slice(7)];
    const args = [this.#attempts.running(jobId).attempt, ...rest];
    const code = await this.#commits.send(
      { script: 'awaitChildren', keys, args },
      jobId,
      'moveToWaitingChildren',
    );
    if (code !== 0) return false;
    this.#ended(true);
    return true;
  }

  override async updateData<T = unknown, R = unknown, N extends string = string>(
    job: MinimalJob<T, R, N>,
    data: T,
  ): Promise<void> {
    const id = job.id ?? '';
    if (this.#attempts.wasMovedByHandler(id)) return super.updateData(job, data);
    const args = [this.storedData(job, data), tagIn(data)];
    await this.#write({ script: 'updateTaskData', keys: [this.toKey(id)], args }, id, 'updateData');
  }

  override async updateProgress(jobId: string, progress: JobProgress): Promise<void> {
    const json = encodeProgress(progress);
    this.#assertFits(json, jobId, 'progress');
    if (this.#attempts.wasMovedByHandler(jobId)) return super.updateProgress(jobId, progress);
    const keys = [this.toKey(jobId), this.toKey('events'), this.toKey('meta')];
    const args = [jobId, json];
    await this.#write({ script: 'updateTaskProgress', keys, args }, jobId, 'updateProgress');
  }

  override async addLog(jobId: string, logRow: string, keepLogs?: number): Promise<number> {
    this.#assertFits(logRow, jobId, 'log row');
    if (this.#attempts.wasMovedByHandler(jobId)) return super.addLog(jobId, logRow, keepLogs);
    const keys = [this.toKey(jobId), `${this.toKey(jobId)}:logs`];
    const args = [jobId, logRow, keepLogs ?? ''];
    return (await this.#write({ script: 'addTaskLog', keys, args }, jobId, 'addLog')) as number;
  }

  async #finish(job: { readonly id?: string }, bull: readonly unknown[], token: string): Promise<Finished> {
    const id = job.id ?? '';
    const keys = bull.slice(0, 14).map(String);
    const args = this.#commitArgs(id, token, asArguments(bull.slice(14)));
    await this.#commits.send({ script: 'commitTask', keys, args }, id, 'moveToFinished');
    this.#ended(false);
    return { result: undefined, finishedOn: Number(bull[15]) };
  }

  async #giveBack(
    jobId: string,
    token: string,
    given: { delay: number; counts: boolean; fields?: Readonly<Record<string, string>> | undefined },
  ): Promise<void> {
    const { delay, counts, fields = {} } = given;
    const rest = [jobId, delay, counts ? 1 : 0, Date.now(), ...Object.entries(fields).flat()];
    const args = this.#commitArgs(jobId, token, rest);
    await this.#lane.beforeGivingBack();
    await this.#commits.send({ script: 'retryTask', args }, jobId, 'retryJob');
    this.#ended(!counts);
  }

  /** The next task is taken by itself: an attempt that does not simply complete is the exception. */
  #commitArgs(jobId: string, token: string, rest: readonly ScriptArgument[]): ScriptArgument[] {
    const { attempt } = this.#attempts.running(jobId);
    return [attempt, token, 0, this.#lane.runsShortTasks() ? 1 : 0, ...rest];
  }

  /** The attempt is over, by its handler itself or not. */
  #ended(byHandler: boolean): void {
    if (byHandler) this.#attempts.handedOver();
    else this.#attempts.ended();
  }

  /** An attempt of which BullMQ can make nothing would come for ever: it fails here. */
  async #received(reply: unknown): Promise<Taken | undefined> {
    const taken = this.#attempts.taken(reply);
    const { stranded } = this.#attempts;
    if (stranded === undefined) return taken;
    const { id, options, reason } = stranded;
    if (taken.task?.malformed !== undefined) this.#lane.onMalformed(id);
    const job = { id, opts: { attempts: 0, ...options } } as MinimalJob;
    await this.moveToFailed(job, reason, options.removeOnFail ?? false, this.#lane.workerId, false);
    return undefined;
  }

  #assertFits(text: unknown, jobId: string, what: string): void {
    const { maxWriteBytes: maxBytes } = this.#lane;
    const bytes = typeof text === 'string' ? utf8Bytes(text) : 0;
    if (bytes > maxBytes) throw new TaskWriteTooLargeError({ jobId, what, bytes, maxBytes });
  }

  /** What a running handler writes about its task. */
  async #write(call: LaneCall, jobId: string, command: string): Promise<unknown> {
    const { attempt } = this.#attempts.running(jobId);
    const reply = await this.#channel.sendWhileLeased({ ...call, args: [attempt, jobId, ...call.args] });
    this.assertWritten(reply, jobId, command);
    return reply;
  }
}
