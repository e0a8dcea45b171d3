export interface BenchTask {
  readonly tag: string;
  readonly payload: unknown;
}

export type BenchHandler = (task: BenchTask) => Promise<void> | void;

export interface ProcessOptions {
  /** Workers, or the concurrency of one. */
  readonly workers: number;
  readonly handler: BenchHandler;
}

/** A queue under test, seen through its public API. One object has one connection set and lives in one process. */
export interface Peer {
  readonly name: string;
  addBulk(tasks: readonly BenchTask[]): Promise<void>;
  add(task: BenchTask): Promise<void>;
  /** Resolves when processing has been started. */
  process(options: ProcessOptions): Promise<void>;
  close(): Promise<void>;
}

export type OpenPeer = (redisUrl: string) => Promise<Peer>;

/** All peers keep this many completed tasks and try a task this often. */
export const keptCompleted = 1_000;
export const attempts = 3;
