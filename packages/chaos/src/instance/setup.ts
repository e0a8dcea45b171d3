import type { QueueModuleOptions, QueueRole } from 'nestjs-affinity-queue';
import type { WorkloadName } from '../workload/workloads.js';

/** What an instance is told when it starts. */
export interface InstanceSetup {
  readonly role: QueueRole;
  readonly options: QueueModuleOptions;
  readonly historyFolder: string;
  /** What it adds, and how much; nothing if it is no producer. */
  readonly production: ProductionSetup | undefined;
}

export interface ProductionSetup {
  readonly seed: number;
  readonly workload: WorkloadName;
  readonly callsPerSecond: number;
  /** Whether it also does everything else that a producer can do, again and again. */
  readonly hasChores?: boolean;
}

/** What an instance does when it is told to. */
export interface Requests {
  /** Adds tasks, or stops doing so. */
  produce: { input: boolean; output: null };
  /** Its event loop stands still for so many milliseconds; the answer comes afterwards. */
  block: { input: number; output: null };
  resign: { input: null; output: null };
  /** Asks whoever leads to resign. */
  depose: { input: null; output: null };
  /** Ends what would go on for ever: pauses and schedules. */
  tidy: { input: null; output: null };
}

export type RequestName = keyof Requests;

export interface RequestMessage {
  readonly id: number;
  readonly name: RequestName;
  readonly input: unknown;
}

export type InstanceMessage =
  | { readonly ready: string }
  /** It has heard that it is to stop. */
  | { readonly stopping: true }
  | { readonly id: number; readonly error: string | null };
