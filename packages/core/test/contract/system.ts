import type {
  ElectionService,
  QueueModuleOptions,
  QueueService,
  SchedulerService,
  WorkerService,
} from '../../src/index.js';

/** One application with one queue, of whichever kind. */
export interface ContractQueue {
  readonly queue: QueueService;
  readonly workers: WorkerService;
  readonly scheduler: SchedulerService;
  readonly election: ElectionService;
  close(): Promise<void>;
}

/**
 * What the contract is held against. Time is the one thing in which the two differ: on Redis it passes by itself, in memory
 * somebody has to let it pass.
 */
export interface ContractSystem {
  start(options: QueueModuleOptions, register: (workers: WorkerService) => void): Promise<ContractQueue>;
  /** Polls a condition, and lets time pass, until it holds. */
  until(what: string, condition: () => unknown): Promise<void>;
  /** Lets time pass until the promise has settled. */
  settled<T>(promise: Promise<T>): Promise<T>;
  /** The time by which back-offs and delays are measured (ms). */
  nowMs(): number;
  closeAll(): Promise<void>;
}
