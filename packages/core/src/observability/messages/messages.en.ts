import type { Messages, StepDownReason } from './message-params.js';
import { quote } from './quote.js';

const stepDownReasons: Readonly<Record<StepDownReason, string>> = {
  'lease-lost': 'its lock could not be renewed in time',
  fenced: 'there is a newer leader',
  stalled: 'its dispatch loop made no progress',
};

/** Log messages in English. */
export const en: Messages = {
  becameLeader: ({ nodeId }) => `Node ${nodeId} became the scheduler leader`,
  becameFollower: () => 'This node is not the scheduler leader and runs as a worker only',
  leaderTimedOut: ({ nodeId }) => `Leader ${nodeId} shows no heartbeat, trying to take over`,
  workerRegistered: ({ workerId }) => `Worker ${workerId} registered`,

  queueStarted: ({ queue, role, nodeId, workerCount }) =>
    `Queue ${queue} started: node ${nodeId}, role ${role}, workers ${workerCount}`,
  evictionAllowed: ({ policy }) =>
    `Redis has maxmemory-policy ${policy} and may evict tasks (allowEviction is on)`,
  shutdownBegan: ({ queue, running }) => `Queue ${queue} is stopping, waiting for ${running} running tasks`,
  shutdownFinished: ({ queue, durationMs }) => `Queue ${queue} stopped after ${durationMs} ms`,
  shutdownTimedOut: ({ queue, timeoutMs, handedBack }) =>
    `Queue ${queue} did not stop within ${timeoutMs} ms; aborted and handed back ${handedBack} tasks`,
  tasksHandedBack: ({ workerId, handedBack }) =>
    `Worker ${workerId} handed back ${handedBack} tasks in their original order`,
  roleOverridesVariable: ({ queue, role, variable, variableValue }) =>
    `Option role=${role} of queue ${queue} overrides ${variable}=${variableValue}; roles per process have no effect`,
  leaseTooShort: ({ option, valueMs, heartbeatIntervalMs }) =>
    `${option} (${valueMs} ms) is less than two heartbeat intervals (${heartbeatIntervalMs} ms); one lost heartbeat ends it`,

  schedulerOnStandby: ({ nodeId }) => `Scheduler node ${nodeId} is on standby for leadership`,
  leaderResigned: ({ nodeId }) => `Leader ${nodeId} resigned`,
  leaderSteppedDown: ({ nodeId, reason }) =>
    `Node ${nodeId} is no longer the scheduler leader: ${stepDownReasons[reason]}`,
  leaderless: ({ queue, forMs }) => `Queue ${queue} has had no leader for ${forMs} ms; no tasks are assigned`,
  leaderFound: ({ queue, nodeId }) => `Queue ${queue} has a leader again: ${nodeId}`,
  schedulingFailed: ({ queue, error, retryInMs }) =>
    `Scheduling of queue ${queue} failed (${error}), next try in ${retryInMs} ms`,

  workerRetired: ({ workerId }) => `Worker ${workerId} retired`,
  workerLeaseOver: ({ workerId }) =>
    `Worker ${workerId} could not send its heartbeat in time and aborted its task`,
  workerFenced: ({ workerId, newWorkerId }) =>
    `Worker ${workerId} was declared dead, its results are void; it joins again as ${newWorkerId}`,
  workerDeclaredDead: ({ workerId, recovered }) =>
    `Worker ${workerId} shows no heartbeat, recovered ${recovered} tasks`,
  orphanQueueRecovered: ({ workerQueue, recovered }) =>
    `Recovered ${recovered} tasks from orphaned queue ${workerQueue}`,

  taskStarted: ({ jobId, type, workerId, attempt }) =>
    `Task ${quote(jobId)} (${quote(type)}) started on worker ${workerId}, attempt ${attempt}`,
  taskCompleted: ({ jobId, type, workerId, durationMs }) =>
    `Task ${quote(jobId)} (${quote(type)}) completed on worker ${workerId} in ${durationMs} ms`,
  taskFailed: ({ jobId, type, workerId, attempt, error }) =>
    `Task ${quote(jobId)} (${quote(type)}) failed on worker ${workerId}, attempt ${attempt}: ${error}`,
  taskPoisonous: ({ jobId, crashes }) =>
    `Task ${quote(jobId)} was running when ${crashes} workers died and is moved to failed`,
  taskMalformed: ({ jobId }) => `Task ${quote(jobId)} is malformed and is moved to failed`,
  resultDiscarded: ({ jobId, type, workerId }) =>
    `Worker ${workerId} no longer holds task ${quote(jobId)} (${quote(type)}), its result is discarded`,

  tagReleaseFailed: ({ identifyTag, workerId, error }) =>
    `A release hook of tag ${quote(identifyTag)} failed on worker ${workerId}: ${error}`,
  handlerRegistered: ({ type }) => `Handler for task type ${quote(type)} registered`,
  handlerUnused: ({ type, role }) =>
    `Role ${role} runs no tasks, the handler for task type ${quote(type)} will not be called`,

  queuePaused: ({ queue }) => `Queue ${queue} paused`,
  queueResumed: ({ queue }) => `Queue ${queue} resumed`,
  tagPaused: ({ identifyTag }) => `Tag ${quote(identifyTag)} paused`,
  tagResumed: ({ identifyTag }) => `Tag ${quote(identifyTag)} resumed`,
  tagPurged: ({ identifyTag, removed }) => `Tag ${quote(identifyTag)} purged, ${removed} tasks removed`,

  redisConnectionLost: ({ address, error }) => `Connection to Redis (${address}) lost: ${error}`,
  redisConnectionRestored: ({ address, afterMs }) =>
    `Connection to Redis (${address}) is back after ${afterMs} ms`,
};
