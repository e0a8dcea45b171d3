import {
  CONNECTION_CLOSED_ERROR_MSG,
  type JobProgress,
  type KeepJobs,
  type MinimalJob,
  type MoveToDelayedOpts,
  type MoveToWaitingChildrenOpts,
  type RetryJobOpts,
} from 'bullmq';
import type { ScriptArgument } from '../redis/script-runner.js';
import { AttemptLedger, type CurrentAttempt } from './attempt-ledger.js';
import { tagIn } from './job-types.js';
import { AttemptCommits } from './attempt-commits.js';
import { LaneChannel, type LaneCall, type LaneOptions } from './lane-channel.js';
import { PendingQueueBackend, type PendingQueueBackendOptions } from './pending-queue-backend.js';
import { encodeProgress } from './progress.js';
import { asArguments, asText, asTexts } from './script-arguments.js';
import { WakeSignal } from './wake-signal.js';

export type { CurrentAttempt } from './attempt-ledger.js';

type Finished = { result: unknown[] | undefined; finishedOn: number };

/** Before an attempt is given to BullMQ again that it could not even begin. */
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

  get current(): CurrentAttempt | undefined {
    return this.#attempts.current;
  }

  /** There may be a task. */
  wake(): void {
    this.#wake.set();
  }

  /** BullMQ passes the task that was taken to the handler. */
  begun(): void {
    this.#attempts.begun();
  }

  /** BullMQ met an error while it had the task. */
  noteError(error: unknown): void {
    this.#attempts.noteError(error);
  }

  /** Take nothing new; a task that is on its way is not begun, and goes back when the worker retires. */
  stopTaking(): void {
    this.#stopping = true;
    this.#wake.interrupt();
    this.#channel.endPauses();
  }

  /** The lease is gone: whatever this worker still sends is refused here already. */
  abandon(reason: Error): void {
    this.#channel.abandon(reason);
    this.stopTaking();
  }

  override async waitForJob(): Promise<{ member: string; score: number } | null> {
    if (this.#stopping || !(await this.#wake.wait())) throw new Error(CONNECTION_CLOSED_ERROR_MSG);
    return { member: '0', score: 0 };
  }

  override disconnectBlocking(): Promise<void> {
    this.#wake.interrupt();
    return Promise.resolve();
  }

  override reconnectBlocking(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * While the worker has an attempt without an outcome, Redis gives that one again.
   */
  override async moveToActive(token: string): Promise<unknown[]> {
    if (this.#stopping) return [];
    const call = { script: 'takeTask', args: [token, Date.now()] } as const;
    // BullMQ would ask again at once, as often as it can, or wait for a marker that is gone.
    const reply = await this.#channel.sendUntilAnswered(call, () => this.#stopping);
    if (this.#stopping) return [];
    const next = await this.#taken(reply, token);
    if (this.#attempts.isRepeated) await this.#channel.pause(repeatPauseMs);
    return next;
  }

  override async moveToCompleted<T = unknown, R = unknown, N extends string = string>(
    job: MinimalJob<T, R, N>,
    returnValue: R,
    removeOnComplete: boolean | number | KeepJobs,
    token: string,
    fetchNext: boolean,
  ): Promise<Finished> {
    const value = JSON.stringify(returnValue) as R;
    const args = this.moveToCompletedArgs(job, value, removeOnComplete, token, false);
    return this.#finish(job, args, token, fetchNext);
  }

  override async moveToFailed<T = unknown, R = unknown, N extends string = string>(
    job: MinimalJob<T, R, N>,
    failedReason: string,
    removeOnFail: boolean | number | KeepJobs,
    token: string,
    fetchNext: boolean,
    fieldsToUpdate?: Record<string, unknown>,
  ): Promise<Finished> {
    const fields = fieldsToUpdate && asTexts(fieldsToUpdate);
    const args = this.moveToFailedArgs(job, asText(failedReason), removeOnFail, token, false, fields);
    return this.#finish(job, args, token, fetchNext);
  }

  /** A failed attempt with attempts left (`skipAttempt` off), or a handler that delays its own task. */
  override async moveToDelayed(
    jobId: string,
    timestamp: number,
    delay: number,
    token = '0',
    { skipAttempt = false, fieldsToUpdate, fetchNext = false }: MoveToDelayedOpts = {},
  ): Promise<unknown[] | undefined> {
    const fields = fieldsToUpdate && asTexts(fieldsToUpdate);
    if (!skipAttempt && this.#attempts.running(jobId).retryOrder !== 'skip') {
      return this.#giveBack(jobId, token, { delay, counts: true, fields, fetchNext });
    }
    const opts = { skipAttempt, fieldsToUpdate: fields, fetchNext: false };
    const bull = asArguments(this.moveToDelayedArgs(jobId, timestamp, token, delay, opts));
    const [keys, rest] = [bull.slice(0, 11).map(String), bull.slice(11)];
    const call = {
      script: 'delayTask',
      keys,
      args: this.#commitArgs(jobId, token, fetchNext, rest),
    } as const;
    const reply = await this.#commits.send(call, jobId, 'moveToDelayed');
    return this.#next(reply, token, skipAttempt);
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
    await this.#next(code, token, true);
    return true;
  }

  override async updateData<T = unknown, R = unknown, N extends string = string>(
    job: MinimalJob<T, R, N>,
    data: T,
  ): Promise<void> {
    const id = job.id ?? '';
    if (this.#attempts.wasMovedByHandler(id)) return super.updateData(job, data);
    const args = [JSON.stringify(data), tagIn(data)];
    await this.#write({ script: 'updateTaskData', keys: [this.toKey(id)], args }, id, 'updateData');
  }

  override async updateProgress(jobId: string, progress: JobProgress): Promise<void> {
    if (this.#attempts.wasMovedByHandler(jobId)) return super.updateProgress(jobId, progress);
    const keys = [this.toKey(jobId), this.toKey('events'), this.toKey('meta')];
    const args = [jobId, encodeProgress(progress)];
    await this.#write({ script: 'updateTaskProgress', keys, args }, jobId, 'updateProgress');
  }

  override async addLog(jobId: string, logRow: string, keepLogs?: number): Promise<number> {
    if (this.#attempts.wasMovedByHandler(jobId)) return super.addLog(jobId, logRow, keepLogs);
    const keys = [this.toKey(jobId), `${this.toKey(jobId)}:logs`];
    const args = [jobId, logRow, keepLogs ?? ''];
    return (await this.#write({ script: 'addTaskLog', keys, args }, jobId, 'addLog')) as number;
  }

  async #finish(
    job: { readonly id?: string },
    bull: readonly unknown[],
    token: string,
    fetchNext: boolean,
  ): Promise<Finished> {
    const id = job.id ?? '';
    const keys = bull.slice(0, 14).map(String);
    const args = this.#commitArgs(id, token, fetchNext, asArguments(bull.slice(14)));
    const reply = await this.#commits.send({ script: 'commitTask', keys, args }, id, 'moveToFinished');
    return { result: await this.#next(reply, token), finishedOn: Number(bull[15]) };
  }

  async #giveBack(
    jobId: string,
    token: string,
    given: { delay: number; counts: boolean; fields?: Readonly<Record<string, string>>; fetchNext?: boolean },
  ): Promise<unknown[] | undefined> {
    const { delay, counts, fields = {}, fetchNext = false } = given;
    const rest = [jobId, delay, counts ? 1 : 0, Date.now(), ...Object.entries(fields).flat()];
    const args = this.#commitArgs(jobId, token, fetchNext, rest);
    const reply = await this.#commits.send({ script: 'retryTask', args }, jobId, 'retryJob');
    return this.#next(reply, token, !counts);
  }

  #commitArgs(
    jobId: string,
    token: string,
    fetchNext: boolean,
    rest: readonly ScriptArgument[],
  ): ScriptArgument[] {
    const { attempt } = this.#attempts.running(jobId);
    const next = fetchNext && !this.#stopping ? 1 : 0;
    return [attempt, token, next, this.#lane.runsShortTasks() ? 1 : 0, ...rest];
  }

  /** The attempt is over, by its handler itself or not; the reply may hold the next task. */
  async #next(reply: unknown, token: string, byHandler = false): Promise<unknown[] | undefined> {
    // A task that came too late to be begun goes back when the worker retires.
    if (Array.isArray(reply) && !this.#stopping) return this.#taken(reply, token);
    if (byHandler) this.#attempts.handedOver();
    else this.#attempts.ended();
    return undefined;
  }

  /** An attempt of which BullMQ can make nothing would come for ever: it fails here. */
  async #taken(reply: unknown, token: string): Promise<unknown[]> {
    const next = this.#attempts.taken(reply);
    const { stranded } = this.#attempts;
    if (stranded === undefined) return next;
    const { id, options, reason } = stranded;
    const job = { id, opts: { attempts: 0, ...options } } as MinimalJob;
    const { result } = await this.moveToFailed(job, reason, options.removeOnFail ?? false, token, true);
    return result ?? [];
  }

  /** What a running handler writes about its task. */
  async #write(call: LaneCall, jobId: string, command: string): Promise<unknown> {
    const { attempt } = this.#attempts.running(jobId);
    const reply = await this.#channel.send({ ...call, args: [attempt, jobId, ...call.args] });
    this.assertWritten(reply, jobId, command);
    return reply;
  }
}
