import type { QueueRole } from '../../domain/roles.js';
import type { OptionWarningParams } from '../../options/warnings.js';

/** Why a leader stops acting although it did not resign. */
export type StepDownReason =
  /** It could not renew its lock within its trust window. */
  | 'lease-lost'
  /** Redis refused its writes: there is a newer leader. */
  | 'fenced'
  /** Its dispatch loop made no progress. */
  | 'stalled';

/**
 * Every log message and what it is about: ids, types, tags, counts and times. Never payloads, results or passwords;
 * errors by their name, because a message of the application may quote what it worked on.
 */
export interface MessageParams extends OptionWarningParams {
  // ---- start and stop
  queueStarted: { queue: string; role: QueueRole; nodeId: string; workerCount: number };
  evictionAllowed: { policy: string };
  shutdownBegan: { queue: string; running: number };
  shutdownFinished: { queue: string; durationMs: number };
  shutdownTimedOut: { queue: string; timeoutMs: number; handedBack: number };
  tasksHandedBack: { workerId: string; handedBack: number };

  // ---- leadership
  becameLeader: { nodeId: string };
  becameFollower: void;
  schedulerOnStandby: { nodeId: string };
  leaderTimedOut: { nodeId: string };
  leaderResigned: { nodeId: string };
  leaderSteppedDown: { nodeId: string; reason: StepDownReason };
  leaderless: { queue: string; forMs: number };
  leaderFound: { queue: string; nodeId: string };
  schedulingFailed: { queue: string; error: string; retryInMs: number };

  // ---- workers
  workerRegistered: { workerId: string };
  workerRetired: { workerId: string };
  workerLeaseOver: { workerId: string };
  workerFenced: { workerId: string; newWorkerId: string };
  workerDeclaredDead: { workerId: string; recovered: number };
  orphanQueueRecovered: { workerQueue: string; recovered: number };

  // ---- tasks
  taskStarted: { jobId: string; type: string; workerId: string; attempt: number };
  taskCompleted: { jobId: string; type: string; workerId: string; durationMs: number };
  taskFailed: { jobId: string; type: string; workerId: string; attempt: number; error: string };
  taskPoisonous: { jobId: string; crashes: number };
  taskMalformed: { jobId: string };
  resultDiscarded: { jobId: string; type: string; workerId: string };

  // ---- handlers
  tagReleaseFailed: { identifyTag: string; workerId: string; error: string };
  handlerRegistered: { type: string };
  handlerUnused: { type: string; role: QueueRole };

  // ---- pausing
  queuePaused: { queue: string };
  queueResumed: { queue: string };
  tagPaused: { identifyTag: string };
  tagResumed: { identifyTag: string };
  tagPurged: { identifyTag: string; removed: number };

  // ---- Redis
  redisConnectionLost: { address: string; error: string };
  redisConnectionRestored: { address: string; afterMs: number };
}

/** Name of a log message. */
export type MessageName = keyof MessageParams;

/** A catalogue: the text of every message in one language. */
export type Messages = { readonly [Name in MessageName]: (params: MessageParams[Name]) => string };
