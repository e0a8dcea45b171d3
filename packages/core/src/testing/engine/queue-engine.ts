import type { JobProgress } from 'bullmq';
import { NotTaskOwnerError, TaskNotFoundError } from '../../errors/errors.js';
import { noInstruments, type Instruments } from '../../observability/instruments.interface.js';
import type { ResolvedQueueOptions } from '../../options/resolved-options.js';
import type { HandlerRegistry } from '../../worker/handler-registry.js';
import type { TagHookRegistry } from '../../worker/tag-hooks/tag-hook-registry.js';
import { assign, nextDueMs, takeIn } from '../model/dispatch.js';
import { newQueueState, type QueueState } from '../model/queue-state.js';
import type { TaskRecord } from '../model/task-record.js';
import type { TestClock } from '../test-clock.js';
import { EventFeed } from './event-feed.js';
import type { JobStore } from './in-memory-job.js';
import { InMemoryLanes } from './in-memory-lanes.js';
import { TaskWaits } from './task-waits.js';
import type { Transitions } from './transitions.js';
import { turn } from './turn.js';

export interface QueueEngineDependencies {
  readonly options: ResolvedQueueOptions;
  readonly clock: TestClock;
  readonly handlers: HandlerRegistry;
  readonly hooks: TagHookRegistry;
  readonly onError: (error: unknown) => void;
  readonly instruments?: Instruments;
}

/**
 * One queue in memory: its state, and what moves it. Tasks are taken in as soon as they are added or due; they are bound and
 * run only while somebody has begun a run.
 */
export class QueueEngine implements JobStore, Transitions {
  readonly queueName: string;
  readonly state: QueueState;
  readonly lanes: InMemoryLanes;
  readonly feed = new EventFeed();
  readonly waits: TaskWaits;
  readonly #clock: TestClock;
  readonly #forgetClock: () => void;
  #runs = 0;
  #schedules = false;
  #isWoken = false;

  constructor(dependencies: QueueEngineDependencies) {
    const { options, clock, instruments = noInstruments } = dependencies;
    this.#clock = clock;
    this.queueName = options.pendingQueueName;
    this.state = newQueueState(options);
    this.waits = new TaskWaits(this.state, clock);
    this.lanes = new InMemoryLanes(this, { ...dependencies, instruments });
    this.#forgetClock = clock.onAdvance(() => {
      this.change(() => undefined);
    });
  }

  get nowMs(): number {
    return this.#clock.nowMs();
  }

  /** Whether there is a leader that schedules. */
  get schedules(): boolean {
    return this.#schedules;
  }

  set schedules(schedules: boolean) {
    this.#schedules = schedules;
    this.change(() => undefined);
  }

  /** One transition, and what follows from it at once. */
  change<T>(step: (state: QueueState, nowMs: number) => T): T {
    const result = step(this.state, this.nowMs);
    if (this.#schedules) takeIn(this.state, this.nowMs);
    this.#tell();
    this.#wake();
    return result;
  }

  /** Lets tasks run until the returned function is called. */
  beginRun(): () => void {
    this.#runs += 1;
    this.#wake();
    return () => {
      this.#runs -= 1;
    };
  }

  /** Binds and starts whatever can start now. */
  pump(): void {
    if (this.#runs === 0) return;
    do this.#dispatch();
    while (this.lanes.takeAll());
    this.#tell();
  }

  /** When something more will be due; nothing while nobody schedules. */
  nextDueMs(): number | undefined {
    return this.#schedules ? nextDueMs(this.state) : undefined;
  }

  find(jobId: string): TaskRecord | undefined {
    return this.state.tasks.get(jobId);
  }

  setProgress(jobId: string, progress: JobProgress): void {
    this.#require(jobId).progress = structuredClone(progress);
  }

  appendLog(jobId: string, row: string): number {
    return this.#require(jobId).logs.push(row);
  }

  /** The store of a job in its handler: it can be written to only while the attempt runs. */
  storeOfAttempt(workerId: string, attempt: number): JobStore {
    const running = (jobId: string): string => {
      const current = this.state.workers.get(workerId)?.current;
      if (current?.jobId === jobId && current.attempt === attempt) return jobId;
      throw new NotTaskOwnerError({ jobId, workerId });
    };
    return {
      queueName: this.queueName,
      find: (jobId) => this.find(jobId),
      setProgress: (jobId, progress) => {
        this.setProgress(running(jobId), progress);
      },
      appendLog: (jobId, row) => this.appendLog(running(jobId), row),
    };
  }

  close(): void {
    this.#runs = 0;
    this.#schedules = false;
    this.#forgetClock();
    this.waits.close(this.queueName);
    this.feed.close();
  }

  #require(jobId: string): TaskRecord {
    const task = this.find(jobId);
    if (task === undefined) throw new TaskNotFoundError({ jobId });
    return task;
  }

  #dispatch(): void {
    if (!this.#schedules) return;
    takeIn(this.state, this.nowMs);
    assign(this.state, this.nowMs);
  }

  #tell(): void {
    const events = this.state.events.splice(0);
    this.feed.tell(events, this.nowMs);
    this.waits.settle(events);
  }

  #wake(): void {
    if (this.#runs === 0 || this.#isWoken) return;
    this.#isWoken = true;
    void turn().then(() => {
      this.#isWoken = false;
      this.pump();
    });
  }
}
