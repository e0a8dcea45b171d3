import { LeaseLostError, TaskCancelledError } from '../../errors/errors.js';
import type { Instruments } from '../../observability/instruments.interface.js';
import type { ResolvedQueueOptions } from '../../options/resolved-options.js';
import type { HandlerRegistry } from '../../worker/handler-registry.js';
import { TaskRunner } from '../../worker/task-runner.js';
import { commit, noteLength } from '../model/outcomes.js';
import type { WorkerRecord } from '../model/queue-state.js';
import { take, type TakenTask } from '../model/taking.js';
import { leaveWorker, registerWorker, retireWorker } from '../model/workers.js';
import type { TestClock } from '../test-clock.js';
import { AttemptRun, type HandlerEnd } from './attempt-run.js';
import { InMemoryJob } from './in-memory-job.js';

import { afterFailure } from './retry-decision.js';
import { MeanDuration } from '../../worker/mean-duration.js';
import type { Transitions } from './transitions.js';
import { turn } from './turn.js';

export interface LaneDependencies {
  readonly options: ResolvedQueueOptions;
  readonly clock: TestClock;
  readonly handlers: HandlerRegistry;
  readonly instruments: Instruments;
}

interface Lane {
  readonly worker: WorkerRecord;
  readonly duration: MeanDuration;
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
    const { maxResultBytes, payloadCodec } = options;
    const limits = { taskTimeoutMs: 0, maxResultBytes, payloadCodec };
    this.#runner = new TaskRunner(handlers, limits, instruments);
  }

  /** How many attempts have begun so far. */
  get attempts(): number {
    return this.#attempts;
  }

  get workers(): WorkerRecord[] {
    return [...this.#lanes.values()].map(({ worker }) => worker);
  }

  /** For each attempt that runs, when its outcome has been recorded. */
  get running(): Promise<void>[] {
    return [...this.#lanes.values()].flatMap(({ run, recorded }) => (run === undefined ? [] : [recorded]));
  }

  add(workerId: string): void {
    const worker = this.engine.change((state, nowMs) => registerWorker(state, workerId, nowMs));
    const duration = new MeanDuration();
    this.#lanes.set(workerId, { worker, duration, run: undefined, recorded: Promise.resolve() });
  }

  /** Every free worker takes its next task. @returns whether anything changed */
  takeAll(): boolean {
    let changed = false;
    for (const lane of this.#lanes.values()) {
      if (lane.run !== undefined) continue;
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
    this.engine.change((state) => {
      for (const { worker } of lanes) retireWorker(state, worker);
    });
    for (const { worker } of lanes) this.#lanes.delete(worker.workerId);
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
    const finished = Promise.all(lanes.map(({ recorded }) => recorded)).then(() => true);
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
    const run = new AttemptRun(taken, job, workerId);
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
    if (lane.run !== run) return;
    lane.run = undefined;
    lane.duration.add(this.engine.nowMs - startedAtMs);
    this.engine.change((state, nowMs) => {
      noteLength(state, lane.worker, lane.duration.isShort);
      commit(state, lane.worker, outcome, nowMs);
    });
  }
}
