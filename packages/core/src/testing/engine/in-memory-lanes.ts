import { LeaseLostError, TaskCancelledError } from '../../errors/errors.js';
import type { Instruments } from '../../observability/instruments.interface.js';
import type { ResolvedQueueOptions } from '../../options/resolved-options.js';
import type { HandlerRegistry } from '../../worker/handler-registry.js';
import { LaneBindings } from '../../worker/tag-hooks/lane-bindings.js';
import type { TagHookRegistry } from '../../worker/tag-hooks/tag-hook-registry.js';
import { TaskRunner } from '../../worker/task-runner.js';
import { commit, noteLength } from '../model/outcomes.js';
import type { WorkerRecord } from '../model/queue-state.js';
import { batchOver, take, type TakenTask } from '../model/taking.js';
import { leaveWorker, registerWorker, retireWorker } from '../model/workers.js';
import type { TestClock } from '../test-clock.js';
import { AttemptRun, type HandlerEnd } from './attempt-run.js';
import { InMemoryJob } from './in-memory-job.js';

import { settlesWithin } from '../../worker/settles-within.js';
import { afterFailure } from './retry-decision.js';
import { MeanDuration } from '../../worker/mean-duration.js';
import type { Transitions } from './transitions.js';
import { turn } from './turn.js';

export interface LaneDependencies {
  readonly options: ResolvedQueueOptions;
  readonly clock: TestClock;
  readonly handlers: HandlerRegistry;
  readonly hooks: TagHookRegistry;
  readonly onError: (error: unknown) => void;
  readonly instruments: Instruments;
}

/** How long release hooks are waited for when the application closes, by the real clock. */
const hookGraceMs = 1_000;

interface Lane {
  readonly worker: WorkerRecord;
  readonly duration: MeanDuration;
  /** What hooks have open for it. */
  readonly bindings: LaneBindings;
  /** Its release hooks run; what it is to take next waits for them. */
  leaving: Promise<void> | undefined;
  run: AttemptRun | undefined;
  /** Resolves when the outcome of the run has been recorded, or does not count any more. */
  recorded: Promise<void>;
}

/** The workers of one queue, and what they run. */
export class InMemoryLanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #runner: TaskRunner;
  #attempts = 0;

  constructor(
    private readonly engine: Transitions,
    private readonly dependencies: LaneDependencies,
  ) {
    // Its own time limit would go by the real clock.
    const { handlers, instruments, options } = dependencies;
    const limits = { taskTimeoutMs: 0, maxResultBytes: options.maxResultBytes };
    this.#runner = new TaskRunner(handlers, limits, instruments);
  }

  /** How many attempts have begun so far. */
  get attempts(): number {
    return this.#attempts;
  }

  get workers(): WorkerRecord[] {
    return [...this.#lanes.values()].map(({ worker }) => worker);
  }

  /** For each attempt that runs, when its outcome has been recorded; and for each batch that ends, when its hooks have run. */
  get running(): Promise<void>[] {
    return [...this.#lanes.values()].flatMap(({ run, recorded, leaving }) => [
      ...(run === undefined ? [] : [recorded]),
      ...(leaving === undefined ? [] : [leaving]),
    ]);
  }

  add(workerId: string): void {
    const worker = this.engine.change((state, nowMs) => registerWorker(state, workerId, nowMs));
    const duration = new MeanDuration();
    const bindings = this.#createBindings(workerId);
    const recorded = Promise.resolve();
    this.#lanes.set(workerId, { worker, duration, bindings, leaving: undefined, run: undefined, recorded });
  }

  /** Every free worker takes its next task. @returns whether anything changed */
  takeAll(): boolean {
    let changed = false;
    for (const lane of this.#lanes.values()) {
      if (lane.run !== undefined || lane.leaving !== undefined || this.#leaves(lane)) continue;
      const { batch } = lane.worker;
      const taken = take(this.engine.state, lane.worker, this.engine.nowMs);
      if (taken !== undefined) this.#start(lane, taken);
      changed ||= taken !== undefined || lane.worker.batch !== batch;
    }
    return changed;
  }

  /** Aborts the handler of a running task; it does not run again. @returns whether it runs */
  cancel(jobId: string): boolean {
    for (const { worker, run } of this.#lanes.values()) {
      if (worker.current?.jobId !== jobId || run === undefined) continue;
      worker.current.cancelled = true;
      run.running.abort(new TaskCancelledError({ jobId }));
      return true;
    }
    return false;
  }

  /**
   * Takes nothing new, lets running tasks finish, and gives the rest back.
   *
   * @param hurry - abort at once what is not finished; else after `shutdownTimeout`, by the clock of the test
   */
  async stop(hurry: boolean): Promise<void> {
    const lanes = [...this.#lanes.values()];
    this.engine.change((state) => {
      for (const { worker } of lanes) leaveWorker(state, worker);
    });
    if (!(await this.#finishes(lanes, hurry))) {
      for (const { worker, run } of lanes) {
        const reason = 'the shutdown took longer than shutdownTimeout';
        run?.running.abort(new LeaseLostError({ holder: worker.workerId, reason }));
      }
      for (const lane of lanes) {
        lane.run?.abandon();
        lane.run = undefined;
      }
      await turn();
    }
    await settlesWithin(Promise.all(lanes.map(({ bindings }) => bindings.leave('shutdown'))), hookGraceMs);
    this.engine.change((state) => {
      for (const { worker } of lanes) retireWorker(state, worker);
    });
    for (const { worker } of lanes) this.#lanes.delete(worker.workerId);
  }

  /** Before a batch ends, its release hooks run. @returns whether that begins now */
  #leaves(lane: Lane): boolean {
    if (!lane.bindings.isOpen) return false;
    const reason = batchOver(this.engine.state, lane.worker);
    if (reason === undefined) return false;
    lane.leaving = lane.bindings.leave(reason).then(() => {
      lane.leaving = undefined;
      // What waits for it can go on.
      this.engine.change(() => undefined);
    });
    return true;
  }

  #createBindings(workerId: string): LaneBindings {
    const { hooks, options, onError } = this.dependencies;
    return new LaneBindings({
      hooks,
      queue: options.name,
      workerId,
      // It would go by the real clock.
      longestReleaseMs: 0,
      checkLease: () => undefined,
      onReleaseFailed: (_binding, error) => {
        onError(error);
      },
    });
  }

  async #finishes(lanes: readonly Lane[], hurry: boolean): Promise<boolean> {
    let callOff = (): void => undefined;
    const expired = new Promise<false>((resolve) => {
      const { clock, options } = this.dependencies;
      const expire = (): void => {
        resolve(false);
      };
      if (hurry) void turn().then(expire);
      else callOff = clock.after(options.shutdownTimeoutMs, expire);
    });
    const finished = Promise.all(
      lanes.map(async ({ recorded, bindings }) => {
        await recorded;
        await bindings.leave('shutdown');
      }),
    ).then(() => true);
    try {
      return await Promise.race([finished, expired]);
    } finally {
      callOff();
    }
  }

  #start(lane: Lane, taken: TakenTask): void {
    const { options, clock } = this.dependencies;
    const { workerId } = lane.worker;
    this.#attempts += 1;
    const store = this.engine.storeOfAttempt(workerId, taken.attempt);
    const job = new InMemoryJob(taken.task, store).asJob();
    const startedAtMs = clock.nowMs();
    const { task, fencingToken, batchSize } = taken;
    const bound = lane.bindings.enter({ identifyTag: task.identifyTag, fencingToken, batchSize });
    const run = new AttemptRun(taken, job, workerId, bound);
    // Before the handler begins, which may cancel its own task.
    lane.run = run;
    const ended = run.run(this.#runner, clock, options.taskTimeoutMs);
    lane.recorded = Promise.race([
      ended.then((end) => this.#record(lane, run, end, startedAtMs)),
      run.abandoned,
    ]);
  }

  async #record(lane: Lane, run: AttemptRun, end: HandlerEnd, startedAtMs: number): Promise<void> {
    const outcome =
      'error' in end
        ? await afterFailure(run.taken.task, end.error)
        : ({ type: 'completed', resultJson: end.resultJson } as const);
    if (outcome.type === 'retry' && run.taken.task.opts.retryOrder !== 'skip')
      await lane.bindings.leave('retry');
    if (lane.run !== run) return;
    lane.run = undefined;
    lane.duration.add(this.engine.nowMs - startedAtMs);
    this.engine.change((state, nowMs) => {
      noteLength(state, lane.worker, lane.duration.isShort);
      commit(state, lane.worker, outcome, nowMs);
    });
  }
}
