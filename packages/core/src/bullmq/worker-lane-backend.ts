import {
  CONNECTION_CLOSED_ERROR_MSG,
  raw2NextJobData,
  type JobJson,
  type JobProgress,
  type KeepJobs,
  type MinimalJob,
  type MoveToDelayedOpts,
  type MoveToWaitingChildrenOpts,
  type RetryJobOpts,
} from 'bullmq';
import { LeaseLostError, NotTaskOwnerError, WorkerFencedError } from '../errors/errors.js';
import type { LuaScriptName } from '../redis/generated/lua-sources.js';
import type { ScriptArgument } from '../redis/script-runner.js';
import { PendingQueueBackend, type PendingQueueBackendOptions } from './pending-queue-backend.js';
import { WakeSignal } from './wake-signal.js';

/** One attempt of a task, as this worker took it. */
export interface CurrentAttempt {
  readonly id: string;
  /** BullMQ's `ats`: with the id, the identity of the attempt. */
  readonly attempt: number;
  readonly identifyTag: string;
  readonly batchPosition: number;
  readonly fencingToken: number;
  readonly retryOrder: string;
}

export interface LaneOptions {
  readonly workerId: string;
  /** Whether this worker's tasks are short enough for a look-ahead. */
  readonly runsShortTasks: () => boolean;
  /** The worker is not registered any more. */
  readonly onFenced: () => void;
  readonly onError: (error: unknown) => void;
}

type Fields = Record<string, unknown>;
type Reply = [flatHash: string[] | 0, id: string | 0, limitMs: number, delayUntil: number, batch?: [string, number, string]];

const firstRetryMs = 100;
const longestRetryMs = 1_000;

/**
 * BullMQ's backend for one worker: the pending queue's keys everywhere, but tasks come from the worker's own list, and
 * every step that ends an attempt is one of our scripts.
 *
 * A commit is retried until Redis answers or the worker has to give up: its result is never thrown away because of a
 * passing fault, and it never turns into a failure of the task.
 */
export class WorkerLaneBackend extends PendingQueueBackend {
  readonly #lane: LaneOptions;
  readonly #wake = new WakeSignal();
  #current: CurrentAttempt | undefined;
  #stopping = false;
  #abandoned: Error | undefined;
  /** Why the commit of the current attempt was refused for good. */
  #refused: { readonly ticket: string; readonly error: unknown } | undefined;
  readonly #interrupts = new Set<() => void>();

  constructor(options: PendingQueueBackendOptions, lane: LaneOptions) {
    super(options);
    this.#lane = lane;
  }

  get current(): CurrentAttempt | undefined {
    return this.#current;
  }

  /** There may be a task. */
  wake(): void {
    this.#wake.set();
  }

  /** Take nothing new. */
  stopTaking(): void {
    this.#stopping = true;
    this.#wake.interrupt();
  }

  /** The lease is gone: whatever this worker still sends is refused here already. */
  abandon(reason: Error): void {
    this.#abandoned ??= reason;
    this.stopTaking();
    for (const interrupt of this.#interrupts) interrupt();
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

  override async moveToActive(token: string): Promise<unknown[]> {
    if (this.#stopping) return [];
    return this.#received(await this.#send('takeTask', [], [token, Date.now()]));
  }

  override async moveToCompleted<T = unknown, R = unknown, N extends string = string>(
    job: MinimalJob<T, R, N>,
    returnValue: R,
    removeOnComplete: boolean | number | KeepJobs,
    token: string,
    fetchNext: boolean,
  ): Promise<{ result: void | unknown[]; finishedOn: number }> {
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
    fieldsToUpdate?: Fields,
  ): Promise<{ result: void | unknown[]; finishedOn: number }> {
    const args = this.moveToFailedArgs(job, failedReason, removeOnFail, token, false, fieldsToUpdate);
    return this.#finish(job, args, token, fetchNext);
  }

  /** A failed attempt with attempts left (`skipAttempt` off), or a handler that delayed its own task. */
  override async moveToDelayed(
    jobId: string,
    timestamp: number,
    delay: number,
    token = '0',
    opts: MoveToDelayedOpts = {},
  ): Promise<void | unknown[]> {
    const byHandler = opts.skipAttempt === true;
    if (!byHandler && this.#attemptOf(jobId).retryOrder !== 'skip') {
      return this.#giveBack(jobId, token, { delay, counts: true, fields: opts.fieldsToUpdate, fetchNext: opts.fetchNext });
    }
    const bull = this.moveToDelayedArgs(jobId, timestamp, token, delay, { ...opts, fetchNext: false }).map(asArgument);
    const keys = bull.slice(0, 11).map(String);
    const args = this.#commitArgs(jobId, token, opts.fetchNext ?? false, bull.slice(11));
    return this.#next(await this.#commit('delayTask', jobId, keys, args, 'moveToDelayed'));
  }

  /** A failed attempt with attempts left and no back-off. */
  override async retryJob(jobId: string, _lifo: boolean, token = '0', opts: RetryJobOpts = {}): Promise<void> {
    if (this.#attemptOf(jobId).retryOrder === 'skip') {
      await this.moveToDelayed(jobId, Date.now(), 0, token, { fieldsToUpdate: opts.fieldsToUpdate });
    } else {
      await this.#giveBack(jobId, token, { delay: 0, counts: true, fields: opts.fieldsToUpdate });
    }
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
    const bull = this.moveToWaitingChildrenArgs(jobId, token, opts).map(asArgument);
    const keys = bull.slice(0, 7).map(String);
    const args = [this.#attemptOf(jobId).attempt, ...bull.slice(7)];
    const code = await this.#commit('awaitChildren', jobId, keys, args, 'moveToWaitingChildren');
    return code === 0;
  }

  override async updateData<T = unknown, R = unknown, N extends string = string>(
    job: MinimalJob<T, R, N>,
    data: T,
  ): Promise<void> {
    const id = job.id ?? '';
    if (this.#current?.id !== id) return super.updateData(job, data);
    await this.#write('updateTaskData', 'updateData', id, [this.toKey(id)], [JSON.stringify(data)]);
  }

  override async updateProgress(jobId: string, progress: JobProgress): Promise<void> {
    if (this.#current?.id !== jobId) return super.updateProgress(jobId, progress);
    const keys = [this.toKey(jobId), this.toKey('events'), this.toKey('meta')];
    await this.#write('updateTaskProgress', 'updateProgress', jobId, keys, [jobId, JSON.stringify(progress)]);
  }

  override async addLog(jobId: string, logRow: string, keepLogs?: number): Promise<number> {
    if (this.#current?.id !== jobId) return super.addLog(jobId, logRow, keepLogs);
    const keys = [this.toKey(jobId), `${this.toKey(jobId)}:logs`];
    return (await this.#write('addTaskLog', 'addLog', jobId, keys, [jobId, logRow, keepLogs ?? ''])) as number;
  }

  async #finish(
    job: { readonly id?: string },
    bull: readonly (string | number | boolean | Buffer)[],
    token: string,
    fetchNext: boolean,
  ): Promise<{ result: void | unknown[]; finishedOn: number }> {
    const id = job.id ?? '';
    const keys = bull.slice(0, 14).map(String);
    const args = this.#commitArgs(id, token, fetchNext, bull.slice(14).map(asArgument));
    const reply = await this.#commit('commitTask', id, keys, args, 'moveToFinished');
    return { result: this.#next(reply), finishedOn: Number(bull[15]) };
  }

  async #giveBack(
    jobId: string,
    token: string,
    { delay, counts, fields, fetchNext = false }: { delay: number; counts: boolean; fields?: Fields; fetchNext?: boolean },
  ): Promise<void | unknown[]> {
    const flat = Object.entries(fields ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
    const packed = flat.length > 0 ? JSON.stringify(flat) : '';
    const args = this.#commitArgs(jobId, token, fetchNext, [jobId, delay, counts ? 1 : 0, packed, Date.now()]);
    return this.#next(await this.#commit('retryTask', jobId, [], args, 'retryJob'));
  }

  #commitArgs(jobId: string, token: string, fetchNext: boolean, rest: readonly ScriptArgument[]): ScriptArgument[] {
    const { attempt } = this.#attemptOf(jobId);
    const next = fetchNext && !this.#stopping ? 1 : 0;
    return [attempt, token, next, this.#lane.runsShortTasks() ? 1 : 0, ...rest];
  }

  #attemptOf(jobId: string): CurrentAttempt {
    const current = this.#current;
    if (current?.id !== jobId) throw new NotTaskOwnerError({ jobId, workerId: this.#lane.workerId });
    if (this.#refused?.ticket === ticketOf(current)) throw this.#refused.error;
    return current;
  }

  /** Sends a commit until it is answered. A refusal is final: nothing else is sent for that attempt. */
  async #commit(
    script: LuaScriptName,
    jobId: string,
    keys: readonly string[],
    args: readonly ScriptArgument[],
    command: string,
  ): Promise<unknown> {
    const ticket = ticketOf(this.#attemptOf(jobId));
    let code: number;
    try {
      const reply = await this.#untilAnswered(() => this.#send(script, keys, args));
      if (typeof reply !== 'number' || reply >= 0) return reply;
      code = reply;
    } catch (error) {
      this.#refused = { ticket, error };
      throw error;
    }
    const error = this.finishedErrors({ code, jobId, command, state: 'active' });
    // -4 and -9, pending or failed children, say something about the task: BullMQ fails the attempt. Any other code says
    // that the task is not ours any more.
    if (code !== -4 && code !== -9) this.#refused = { ticket, error };
    throw error;
  }

  async #untilAnswered(send: () => Promise<unknown>): Promise<unknown> {
    for (let pause = firstRetryMs; ; pause = Math.min(pause * 2, longestRetryMs)) {
      if (this.#abandoned) throw this.#abandoned;
      try {
        return await send();
      } catch (error) {
        if (error instanceof WorkerFencedError || error instanceof NotTaskOwnerError) throw error;
        this.#lane.onError(error);
      }
      await this.#pause(pause);
    }
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#interrupts.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#interrupts.add(done);
    });
  }

  /** What a running handler writes about its task. */
  async #write(
    script: LuaScriptName,
    command: string,
    jobId: string,
    keys: readonly string[],
    args: readonly ScriptArgument[],
  ): Promise<unknown> {
    const reply = await this.#send(script, keys, [this.#attemptOf(jobId).attempt, jobId, ...args]);
    if (typeof reply === 'number' && reply < 0) throw this.finishedErrors({ code: reply, jobId, command });
    return reply;
  }

  async #send(script: LuaScriptName, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    const { workerId } = this.#lane;
    if (this.#abandoned) throw new LeaseLostError({ holder: workerId, reason: this.#abandoned.message });
    try {
      return await this.scripts.run(script, { caller: workerId, keys, args, context: { workerId } });
    } catch (error) {
      if (error instanceof WorkerFencedError) this.#lane.onFenced();
      throw error;
    }
  }

  #next(reply: unknown): void | unknown[] {
    if (Array.isArray(reply)) return this.#received(reply);
    this.#current = undefined;
    return undefined;
  }

  /** Remembers which attempt it is, and decodes the rest as BullMQ does. */
  #received(reply: unknown): unknown[] {
    const raw = reply as Reply;
    const [job, id, limitMs, delayUntil] = raw2NextJobData(raw) as [JobJson | null, string, number, number];
    this.#current = undefined;
    if (job) {
      const [identifyTag = '', batchPosition = 0, fencingToken = '0'] = raw[4] ?? [];
      const options = job.opts as { retryOrder?: string };
      this.#current = {
        id,
        attempt: job.attemptsStarted ?? 0,
        identifyTag,
        batchPosition,
        fencingToken: Number(fencingToken),
        retryOrder: options.retryOrder ?? 'block',
      };
    }
    return [job, id, limitMs, delayUntil];
  }
}

function ticketOf({ id, attempt }: CurrentAttempt): string {
  return `${id}:${attempt}`;
}

/** What ioredis would send for such an argument. */
function asArgument(value: unknown): ScriptArgument {
  if (typeof value === 'string' || typeof value === 'number' || Buffer.isBuffer(value)) return value;
  if (value === undefined || value === null) return '';
  return String(value);
}
