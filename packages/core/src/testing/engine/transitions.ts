import type { QueueState } from '../model/queue-state.js';
import type { JobStore } from './in-memory-job.js';

/** What the workers need of their queue. */
export interface Transitions {
  readonly state: QueueState;
  readonly nowMs: number;
  /** One transition, and what follows from it at once. */
  change<T>(step: (state: QueueState, nowMs: number) => T): T;
  /** The store of a job in its handler: it can be written to only while the attempt runs. */
  storeOfAttempt(workerId: string, attempt: number): JobStore;
}
