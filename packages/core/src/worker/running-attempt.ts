import type { Job } from 'bullmq';
import type { WatchedAttempt } from '../observability/instruments.interface.js';
import type { RunningTask } from './running-task.js';

/** A task that runs, as whoever watches it sees it. The Job is made only for those who ask for it. */
export class RunningAttempt implements WatchedAttempt {
  constructor(
    private readonly running: RunningTask,
    readonly hasHandler: boolean,
  ) {}

  get job(): Job {
    return this.running.job;
  }

  get type(): string {
    return this.running.name;
  }

  get identifyTag(): string {
    return this.running.identifyTag;
  }

  get workerId(): string {
    return this.running.workerId;
  }

  get attempt(): number {
    return this.running.attempt;
  }

  get batchPosition(): number {
    return this.running.batchPosition;
  }

  get fencingToken(): number {
    return this.running.fencingToken;
  }

  get abortReason(): Error | undefined {
    return this.running.abortReason;
  }
}
