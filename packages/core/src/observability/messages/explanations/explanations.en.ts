import { quote, quoteAll } from '../quote.js';
import type { Explanations, WorkerFacts } from './explanation-params.js';
import { duration, moment } from './moments.js';

/** A worker that has not been heard of for so long is worth a word. */
const silentMs = 30_000;

const silence = ({ lastHeartbeat }: WorkerFacts, now: number): string => {
  if (lastHeartbeat === null) return '; that worker is not registered any more';
  const ms = now - lastHeartbeat;
  return ms > silentMs ? `; that worker was last heard of ${duration(ms)} ago` : '';
};
const after = (tasksBefore: number): string =>
  tasksBefore === 0 ? '' : `; ${tasksBefore} tasks of its tag come before it`;
const because = (reason: string | null): string =>
  reason === null ? '' : `; the latest attempt failed: ${quote(reason)}`;

/** Why a task waits, in English. */
export const explanationsEn: Explanations = {
  'not-found': ({ jobId }) =>
    `There is no task ${quote(jobId)}: it was never added, was removed, or has finished and is not kept`,
  completed: ({ finishedAt, now }) => `Completed ${duration(now - finishedAt)} ago, at ${moment(finishedAt)}`,
  failed: ({ finishedAt, attemptsMade, failedReason }) =>
    `Failed at ${moment(finishedAt)} after ${attemptsMade} attempts: ${quote(failedReason)}`,
  running: ({ workerId, since, attempt, now, ...worker }) =>
    `Running on worker ${workerId} for ${duration(now - since)}, since ${moment(since)} (attempt ${attempt})${silence({ workerId, ...worker }, now)}`,
  'running-elsewhere': ({ since }) =>
    `Active since ${moment(since)}, but held by no worker of this library: a worker of another kind took it`,
  'in-batch': ({ workerId, position, running, now, ...worker }) =>
    `${position === 1 ? 'Next' : `Number ${position}`} in the batch of worker ${workerId}${running === null ? '' : `, which runs task ${quote(running)}`}${silence({ workerId, ...worker }, now)}`,
  'in-next-batch': ({ workerId, position, currentTag, now, ...worker }) =>
    `Number ${position} in the next batch of worker ${workerId}, which still has ${currentTag === null ? 'another tag' : `tag ${quote(currentTag)}`}${silence({ workerId, ...worker }, now)}`,
  'tag-bound': ({ identifyTag, workerIds, batchSize, tasksBefore }) =>
    `Tag ${quote(identifyTag)} is bound to worker ${workerIds.join(', ')}, whose batch (${batchSize} tasks) is full or followed by another tag; the task is in a later batch${after(tasksBefore)}`,
  'tag-parked': ({ identifyTag, until, tasksBefore, failedReason, now }) =>
    `Tag ${quote(identifyTag)} is backing off until ${moment(until)} (in ${duration(until - now)})${after(tasksBefore)}${because(failedReason)}`,
  'tag-paused': ({ identifyTag, tasksBefore }) =>
    `Tag ${quote(identifyTag)} is paused: resumeTag lets it go on${after(tasksBefore)}`,
  'queue-paused': () => 'The queue is paused: resume lets it go on',
  'no-leader': () =>
    'There is no leader, so nothing is assigned: no instance in role SCHEDULER or BOTH runs, or an election is on',
  'no-workers': () => 'No worker is registered: no instance in role WORKER or BOTH runs',
  'no-handler': ({ type, workerIds, registeredTypes }) =>
    `No handler for type ${quote(type)} on ${workerIds.length === 0 ? 'any worker' : `worker ${workerIds.join(', ')}`}; there are handlers for: ${quoteAll(registeredTypes, 'none')}`,
  'workers-busy': ({ workers, tagsBefore, tasksBefore }) =>
    `All ${workers} workers are busy with other tags; ${tagsBefore} tags come before it in the ring${after(tasksBefore)}`,
  'concurrency-limit': ({ limit, tagsBefore }) =>
    `The queue's global concurrency (${limit}) is used up; ${tagsBefore} tags come before it in the ring`,
  'rate-limited': ({ until, now }) =>
    `The queue's rate limit is used up until ${moment(until)} (in ${duration(until - now)})`,
  'not-taken-in': ({ tasksBefore }) =>
    `Added; the leader has not taken it in yet, ${tasksBefore} tasks come before it`,
  'being-bound': ({ identifyTag, tagsBefore, tasksBefore }) =>
    `Tag ${quote(identifyTag)} is ready and a worker is free: it is bound at the leader's next step (${tagsBefore} tags before it)${after(tasksBefore)}`,
  'marked-failed': ({ failedReason }) => `The next worker that takes it will fail it: ${quote(failedReason)}`,
  delayed: ({ until, failedReason, schedule, now }) => {
    const made = schedule === null ? '' : ` by schedule ${quote(schedule)}`;
    if (until < now)
      return `Due since ${moment(until)} (${duration(now - until)})${made}; the leader has not taken it in yet${because(failedReason)}`;
    return schedule === null || failedReason !== null
      ? `Delayed until ${moment(until)} (in ${duration(until - now)})${because(failedReason)}`
      : `Scheduled for ${moment(until)} (in ${duration(until - now)})${made}`;
  },
  'waiting-children': ({ children }) => `Waiting for ${children} children to finish`,
  lost: () =>
    'Its data is there, but it is in no list of the queue: something other than this library has moved it',
};
