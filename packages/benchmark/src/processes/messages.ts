import type { PeerName } from '../peers/names.js';
import type { PeerOptions } from '../peers/peer.js';

/** How an instance process is to be set up: its one argument, as JSON. */
export interface InstanceSetup {
  readonly redisUrl: string;
  readonly peer: PeerName;
  readonly workers: number;
  readonly role?: PeerOptions['role'];
  readonly handlerMs: number;
  /** Keep a record of every run, for the history. */
  readonly record: boolean;
}

export interface AddOrder {
  readonly from: number;
  readonly count: number;
  readonly tags: number;
  readonly inFlight: number;
}

/** So many tasks at a steady rate. */
export interface FeedOrder {
  readonly count: number;
  readonly tags: number;
  readonly perSecond: number;
}

/** Moments in µs of the machine's monotonic clock, which all processes share. */
export type Run = readonly [n: number, tag: string, startMicros: number, endMicros: number];

/** What the parent can ask for, and what comes back. */
export interface Requests {
  start: { readonly input: null; readonly output: null };
  add: { readonly input: AddOrder; readonly output: null };
  feed: { readonly input: FeedOrder; readonly output: null };
  progress: {
    readonly input: null;
    readonly output: { readonly handled: number; readonly lastEndMicros: number };
  };
  history: { readonly input: null; readonly output: readonly Run[] };
  cpu: { readonly input: null; readonly output: { readonly micros: number } };
  close: { readonly input: null; readonly output: null };
}

export type RequestName = keyof Requests;

export interface RequestMessage {
  readonly id: number;
  readonly name: RequestName;
  readonly input: unknown;
}

export interface ReplyMessage {
  readonly id: number;
  readonly output?: unknown;
  readonly error?: string;
}

export function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}
