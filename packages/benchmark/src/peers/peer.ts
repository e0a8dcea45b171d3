export interface BenchTask {
  readonly tag: string;
  readonly payload: { readonly n: number; readonly filler: string };
}

/** Not `async`: what a peer adds around a handler is to be measured, and nothing else. */
export type BenchHandler = (task: BenchTask) => Promise<void> | void;

export interface PeerOptions {
  /** Where a peer has roles; BOTH if not given. */
  readonly role?: 'BOTH' | 'WORKER' | 'PRODUCER';
  /** Workers of each queue, or the concurrency of its one worker. */
  readonly workers: number;
  /** How many queues this instance serves; tasks go to the first. */
  readonly queues?: number;
  /** The most tasks of one tag in a row, where a peer has such a bound. */
  readonly maxBatchSize?: number;
}

/** One instance of a queue under test, seen through its public API: it adds tasks, and processes them once told to. */
export interface Peer {
  addBulk(tasks: readonly BenchTask[]): Promise<void>;
  add(task: BenchTask): Promise<void>;
  /** Lets a scheduler take in what was added, and waits until it has; peers without one have nothing to do. */
  takeIn(): Promise<void>;
  /** Starts the workers; resolves when that is done. */
  process(handler: BenchHandler): Promise<void>;
  close(): Promise<void>;
}

export type OpenPeer = (redisUrl: string, options: PeerOptions) => Promise<Peer>;

/** Every peer tries a task this often, waits alike between attempts, and keeps as many finished tasks. */
export const taskSettings = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 1_000 },
  removeOnComplete: { count: 1_000 },
  removeOnFail: { count: 5_000 },
} as const;

export function queueNames(count = 1): string[] {
  return Array.from({ length: count }, (_, index) => (index === 0 ? 'bench' : `bench-${index + 1}`));
}
