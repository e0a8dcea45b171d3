/* eslint-disable max-lines -- All errors in one file: what can go wrong is one public contract, read as a whole. */
import { AffinityQueueError } from './affinity-queue-error.js';
import { ErrorCode } from './codes.js';
import { isError } from './is-error.js';
import { redactText } from './redact.js';

/**
 * One thing that is wrong with the options.
 *
 * @publicApi
 */
export type OptionProblem = {
  /** The option as a path (`workerOptions.maxBatchSize`), or the environment variable (`MAX_BATCH_SIZE`). */
  readonly option: string;
  /** The value given, for display; credentials are hidden. */
  readonly value: string;
  /** What is allowed. */
  readonly allowed: string;
};

// ---- options

/** Options or variables are invalid; names all of them at once. @publicApi */
export class InvalidOptionsError extends AffinityQueueError {
  declare readonly details: Readonly<{ problems: readonly OptionProblem[] }>;

  constructor(problems: readonly OptionProblem[]) {
    const lines = problems.map(
      ({ option, value, allowed }) => `${option}: got ${value}, allowed: ${allowed}`,
    );
    const message =
      lines.length === 1
        ? `Invalid option ${lines[0]}`
        : `${lines.length} invalid options:\n${lines.map((line) => `- ${line}`).join('\n')}`;
    super(ErrorCode.InvalidOption, message, { problems: Object.freeze([...problems]) });
  }
}

/** Two queues share a name, a pending queue or a prefix on one Redis. @publicApi */
export class QueueNameConflictError extends AffinityQueueError {
  declare readonly details: Readonly<{ option: string; value: string; queues: readonly string[] }>;

  constructor(details: { option: string; value: string; queues: readonly string[] }) {
    const { option, value, queues } = details;
    const where = option === 'name' ? '' : ' on the same Redis';
    const message =
      option === 'name' && value === ''
        ? 'The application has two root queues; import QueueModule.forRoot once, and forFeature for every further queue'
        : `${queues.join(' and ')} have the same ${option} '${value}'${where}; every queue needs its own`;
    super(ErrorCode.QueueNameConflict, message, details);
  }
}

// ---- adding tasks

/** Which part of a task is invalid. @publicApi */
export type TaskField = 'task' | 'type' | 'identifyTag' | 'payload';

/** A task has no type, a bad tag, or a payload that JSON cannot hold or that is too large. @publicApi */
export class InvalidTaskError extends AffinityQueueError {
  declare readonly details: Readonly<{ field: TaskField; reason: string; index?: number }>;

  constructor(details: { field: TaskField; reason: string; index?: number }, options?: ErrorOptions) {
    const where = inList(details.index);
    const subject = details.field === 'task' ? 'Invalid task' : `Invalid task: ${details.field}`;
    super(ErrorCode.InvalidTask, `${subject} ${details.reason}${where}`, details, options);
  }
}

/** An option of a task has a value that makes no sense. @publicApi */
export class InvalidTaskOptionError extends AffinityQueueError {
  declare readonly details: Readonly<{ option: string; value: string; allowed: string; index?: number }>;

  constructor(
    details: { option: string; value: string; allowed: string; index?: number },
    options?: ErrorOptions,
  ) {
    const { option, value, allowed } = details;
    super(
      ErrorCode.InvalidTaskOption,
      `Invalid task option ${option}: got ${value}, allowed: ${allowed}${inList(details.index)}`,
      details,
      options,
    );
  }
}

/** An option of BullMQ that contradicts affinity, or one that does not exist. @publicApi */
export class UnsupportedTaskOptionError extends AffinityQueueError {
  declare readonly details: Readonly<{ option: string; reason: string; index?: number }>;

  constructor(details: { option: string; reason: string; index?: number }, options?: ErrorOptions) {
    super(
      ErrorCode.UnsupportedTaskOption,
      `Task option ${details.option} is not supported: ${details.reason}${inList(details.index)}`,
      details,
      options,
    );
  }
}

/** A `jobId` that would collide with keys of the queue, or that BullMQ refuses. @publicApi */
export class ReservedJobIdError extends AffinityQueueError {
  declare readonly details: Readonly<{ jobId: string; reason: string; index?: number }>;

  constructor(details: { jobId: string; reason: string; index?: number }, options?: ErrorOptions) {
    const where = inList(details.index);
    super(
      ErrorCode.ReservedJobId,
      `jobId ${JSON.stringify(details.jobId)} ${details.reason}${where}`,
      details,
      options,
    );
  }
}

/** A schedule has an id, a time or an option that makes no sense. @publicApi */
export class InvalidScheduleError extends AffinityQueueError {
  declare readonly details: Readonly<{ option: string; value: string; allowed: string }>;

  constructor(details: { option: string; value: string; allowed: string }) {
    const { option, value, allowed } = details;
    super(
      ErrorCode.InvalidSchedule,
      `Invalid schedule: ${option}: got ${value}, allowed: ${allowed}`,
      details,
    );
  }
}

/** A method got an argument that it cannot work with. @publicApi */
export class InvalidArgumentError extends AffinityQueueError {
  declare readonly details: Readonly<{ argument: string; value: string; allowed: string }>;

  constructor(details: { argument: string; value: string; allowed: string }) {
    const { argument, value, allowed } = details;
    super(
      ErrorCode.InvalidArgument,
      `Invalid argument ${argument}: got ${value}, allowed: ${allowed}`,
      details,
    );
  }
}

/** The queue's connections are closed, or closing. @publicApi */
export class QueueClosedError extends AffinityQueueError {
  declare readonly details: Readonly<{ queueName: string }>;

  constructor(details: { queueName: string }) {
    super(ErrorCode.QueueClosed, `Queue '${details.queueName}' is closed`, details);
  }
}

// ---- handlers and running tasks

/** `registerHandler` got no type, or no function. @publicApi */
export class InvalidHandlerError extends AffinityQueueError {
  declare readonly details: Readonly<{ reason: string }>;

  constructor(details: { reason: string }) {
    super(ErrorCode.InvalidHandler, `Invalid handler: ${details.reason}`, details);
  }
}

/** A task type has a handler already. @publicApi */
export class HandlerAlreadyRegisteredError extends AffinityQueueError {
  /** `handlers`: the methods, as `Class.method`, where both are decorated ones. */
  declare readonly details: Readonly<{ type: string; handlers?: readonly string[] }>;

  constructor(details: { type: string; handlers?: readonly string[] }) {
    const handlers = details.handlers === undefined ? '' : `: ${details.handlers.join(' and ')}`;
    super(
      ErrorCode.HandlerAlreadyRegistered,
      `Task type '${details.type}' already has a handler on this queue${handlers}`,
      details,
    );
  }
}

/** This worker has no handler for the task's type; another attempt may reach an instance that has. @publicApi */
export class UnknownTaskTypeError extends AffinityQueueError {
  declare readonly details: Readonly<{ type: string; registeredTypes: readonly string[] }>;

  constructor(details: { type: string; registeredTypes: readonly string[] }) {
    const known = details.registeredTypes.map((type) => `'${type}'`).join(', ') || 'none';
    super(
      ErrorCode.UnknownTaskType,
      `No handler for task type '${details.type}' on this worker; registered types: ${known}`,
      details,
    );
  }
}

/** An attempt took longer than `workerOptions.taskTimeout`. @publicApi */
export class TaskTimeoutError extends AffinityQueueError {
  declare readonly details: Readonly<{ jobId?: string; timeoutMs: number }>;

  constructor(details: { jobId?: string; timeoutMs: number }) {
    super(
      ErrorCode.TaskTimeout,
      `Task${of(details.jobId)} took longer than ${details.timeoutMs} ms`,
      details,
    );
  }
}

/** A running task was cancelled through `QueueService.cancel`. @publicApi */
export class TaskCancelledError extends AffinityQueueError {
  declare readonly details: Readonly<{ jobId?: string }>;

  constructor(details: { jobId?: string } = {}) {
    super(ErrorCode.TaskCancelled, `Task${of(details.jobId)} was cancelled`, details);
  }
}

/** A handler's result is larger than `queueOptions.maxResultBytes`. @publicApi */
export class ResultTooLargeError extends AffinityQueueError {
  declare readonly details: Readonly<{ jobId?: string; bytes: number; maxBytes: number }>;

  constructor(details: { jobId?: string; bytes: number; maxBytes: number }) {
    const { jobId, bytes, maxBytes } = details;
    super(
      ErrorCode.ResultTooLarge,
      `The result of task${of(jobId)} has ${bytes} bytes of JSON; queueOptions.maxResultBytes allows ${maxBytes}`,
      details,
    );
  }
}

/** A handler's progress, or a row for its log, is larger than `queueOptions.maxResultBytes`; nothing is stored. @publicApi */
export class TaskWriteTooLargeError extends AffinityQueueError {
  declare readonly details: Readonly<{ jobId?: string; what: string; bytes: number; maxBytes: number }>;

  constructor(details: { jobId?: string; what: string; bytes: number; maxBytes: number }) {
    const { jobId, what, bytes, maxBytes } = details;
    super(
      ErrorCode.TaskWriteTooLarge,
      `A ${what} of task${of(jobId)} has ${bytes} bytes; queueOptions.maxResultBytes allows ${maxBytes}`,
      details,
    );
  }
}

/** JSON cannot hold a handler's result. @publicApi */
export class ResultNotSerializableError extends AffinityQueueError {
  declare readonly details: Readonly<{ jobId?: string; reason: string }>;

  constructor(details: { jobId?: string; reason: string }, options?: ErrorOptions) {
    super(
      ErrorCode.ResultNotSerializable,
      `The result of task${of(details.jobId)} ${details.reason}`,
      details,
      options,
    );
  }
}

/** A payload could not be encoded (add), or not be decoded (attempt: no retry). Never holds the payload. @publicApi */
export class PayloadCodecError extends AffinityQueueError {
  declare readonly details: Readonly<{ jobId?: string; reason: string }>;

  constructor(details: { jobId?: string; reason: string }, options?: ErrorOptions) {
    super(
      ErrorCode.PayloadCodec,
      `The payload of task${of(details.jobId)} ${details.reason}`,
      details,
      options,
    );
  }
}

// ---- asking about tasks

/** `waitUntilFinished`: the task failed for good; the message is the handler's. @publicApi */
export class TaskFailedError extends AffinityQueueError {
  declare readonly details: Readonly<{ jobId: string; failedReason: string }>;

  constructor(details: { jobId: string; failedReason: string }) {
    super(ErrorCode.TaskFailed, details.failedReason, details);
  }
}

/** `waitUntilFinished`: the time is over and the task is not finished; it stays where it is. @publicApi */
export class WaitTimeoutError extends AffinityQueueError {
  declare readonly details: Readonly<{ jobId: string; timeoutMs: number }>;

  constructor(details: { jobId: string; timeoutMs: number }) {
    super(
      ErrorCode.WaitTimeout,
      `Task '${details.jobId}' did not finish within ${details.timeoutMs} ms`,
      details,
    );
  }
}

/** There is no task with this id, or no longer. @publicApi */
export class TaskNotFoundError extends AffinityQueueError {
  declare readonly details: Readonly<{ jobId?: string }>;

  constructor(details: { jobId?: string } = {}) {
    super(ErrorCode.TaskNotFound, `Task${of(details.jobId)} does not exist`, details);
  }
}

/** The task runs, and what was asked for needs one that does not. @publicApi */
export class TaskStillRunningError extends AffinityQueueError {
  declare readonly details: Readonly<{ jobId?: string }>;

  constructor(details: { jobId?: string } = {}) {
    super(ErrorCode.TaskStillRunning, `Task${of(details.jobId)} is still running`, details);
  }
}

/** An operation that affinity queues do not have. @publicApi */
export class UnsupportedOperationError extends AffinityQueueError {
  declare readonly details: Readonly<{ operation: string; reason: string }>;

  constructor(details: { operation: string; reason: string }) {
    super(
      ErrorCode.UnsupportedOperation,
      `${details.operation} is not supported: ${details.reason}`,
      details,
    );
  }
}

// ---- Redis

/** Redis cannot be reached, or not the database that is asked for. @publicApi */
export class RedisUnavailableError extends AffinityQueueError {
  declare readonly details: Readonly<{ address: string }>;

  constructor(details: { address: string }, options?: ErrorOptions) {
    super(
      ErrorCode.RedisUnavailable,
      `Redis at ${details.address} cannot be reached${because(options)}; check redisOptions or the REDIS_* variables`,
      details,
      options,
    );
  }
}

/** Redis refuses the username or password, or wants one. @publicApi */
export class RedisAuthenticationError extends AffinityQueueError {
  declare readonly details: Readonly<{ address: string }>;

  constructor(details: { address: string }, options?: ErrorOptions) {
    super(
      ErrorCode.RedisAuthentication,
      `Redis at ${details.address} refuses the login${because(options)}; check the user and the password`,
      details,
      options,
    );
  }
}

/** Redis does not let this user do what a queue needs. @publicApi */
export class RedisPermissionError extends AffinityQueueError {
  /** `missing`: what to add to the user's rules, such as `~scheduler:*` or `+info`. */
  declare readonly details: Readonly<{ address: string; missing: string }>;

  constructor(details: { address: string; missing: string }, options?: ErrorOptions) {
    super(
      ErrorCode.RedisPermission,
      `Redis at ${details.address} does not let this user do what a queue needs${because(options)}; its rules (ACL SETUSER) lack ${details.missing}`,
      details,
      options,
    );
  }
}

/** Redis Cluster is not supported yet. @publicApi */
export class RedisClusterNotSupportedError extends AffinityQueueError {
  declare readonly details: Readonly<{ address?: string }>;

  constructor(details: { address?: string } = {}) {
    const where = details.address === undefined ? '' : ` (${details.address})`;
    super(
      ErrorCode.RedisClusterNotSupported,
      `Redis Cluster is not supported yet${where}; use one Redis, or Redis with Sentinel`,
      details,
    );
  }
}

/** `maxmemory-policy` lets Redis evict keys. @publicApi */
export class EvictingRedisError extends AffinityQueueError {
  declare readonly details: Readonly<{ policy: string }>;

  constructor(details: { policy: string }) {
    super(
      ErrorCode.EvictingRedis,
      `Redis has maxmemory-policy '${details.policy}' and may evict tasks; set it to 'noeviction', or accept the loss with redisOptions.allowEviction`,
      details,
    );
  }
}

/** Redis did not answer within `redisOptions.commandTimeout`; whether the command took effect is unknown. @publicApi */
export class CommandTimeoutError extends AffinityQueueError {
  declare readonly details: Readonly<{ command: string; timeoutMs: number }>;

  constructor(details: { command: string; timeoutMs: number }, options?: ErrorOptions) {
    super(
      ErrorCode.CommandTimeout,
      `Redis did not answer ${details.command} within ${details.timeoutMs} ms`,
      details,
      options,
    );
  }
}

/**
 * Redis answers and does not write: `OOM` it is full, `READONLY` it is a replica, `MISCONF` it cannot save, `NOREPLICAS` it has
 * too few replicas, `LOADING` it is still reading its data, `MASTERDOWN` it is a replica without a master. Nothing was written;
 * the same call can succeed later. @publicApi
 */
export class RedisRefusesWritesError extends AffinityQueueError {
  declare readonly details: Readonly<{ command: string; reply: string }>;

  constructor(details: { command: string; reply: string }, options?: ErrorOptions) {
    const { command, reply } = details;
    super(
      ErrorCode.RedisRefusesWrites,
      `Redis refuses ${command}: ${reply} (${refusals[reply] ?? '?'})`,
      details,
      options,
    );
  }
}

/** Codes that replies of Redis begin with, and what they mean. */
const refusals: Readonly<Record<string, string>> = {
  OOM: 'maxmemory is reached',
  READONLY: 'it is a read-only replica',
  MISCONF: 'it cannot save its data',
  NOREPLICAS: 'it has too few replicas',
  LOADING: 'it is loading its data',
  MASTERDOWN: 'it is a replica whose master is down',
};

/** The queue in Redis has another layout version, or other worker queues, than this instance. @publicApi */
export class IncompatibleLayoutError extends AffinityQueueError {
  declare readonly details: Readonly<{ queueName?: string; found?: string; expected: string }>;

  constructor(details: { queueName?: string; found?: string; expected: string }) {
    const queue = details.queueName === undefined ? 'This queue' : `Queue '${details.queueName}'`;
    super(
      ErrorCode.IncompatibleLayout,
      `${queue} has layout ${details.found ?? 'unknown'} in Redis, this instance ${details.expected} (version:workerQueuePrefix); ${whatToDo(details)}`,
      details,
    );
  }
}

function whatToDo({ found = '', expected }: { readonly found?: string; readonly expected: string }): string {
  const [version, wanted] = [found, expected].map((layout) =>
    Number(/^(\d+)(?::|$)/.exec(layout)?.[1] ?? Number.NaN),
  );
  if (version === undefined || wanted === undefined) return seeUpgrading;
  if (version > wanted)
    return `a newer nestjs-affinity-queue uses it: upgrade this instance; ${seeUpgrading}`;
  if (version < wanted)
    return `an older nestjs-affinity-queue uses it: all its instances have to stop first; ${seeUpgrading}`;
  if (version === wanted) return `give this instance the workerQueuePrefix of the others; ${seeUpgrading}`;
  return seeUpgrading;
}

const seeUpgrading = 'see docs/upgrading.md';

/** The installed bullmq is not one that this version was built for. @publicApi */
export class IncompatibleBullMQError extends AffinityQueueError {
  declare readonly details: Readonly<{ found: string; expected: string }>;

  constructor(details: { found: string; expected: string }) {
    super(
      ErrorCode.IncompatibleBullMQ,
      `bullmq ${details.found} is installed, ${details.expected} is needed`,
      details,
    );
  }
}

// ---- leases and fencing

/** A lease could not be renewed in time, so its holder stopped acting on it. @publicApi */
export class LeaseLostError extends AffinityQueueError {
  declare readonly details: Readonly<{ holder: string; reason: string }>;

  constructor(details: { holder: string; reason: string }) {
    super(ErrorCode.LeaseLost, `${details.holder} lost its lease: ${details.reason}`, details);
  }
}

/** This worker was declared dead; its writes are refused and its tasks run elsewhere. @publicApi */
export class WorkerFencedError extends AffinityQueueError {
  declare readonly details: Readonly<{ workerId?: string }>;

  constructor(details: { workerId?: string } = {}) {
    super(
      ErrorCode.WorkerFenced,
      `Worker${of(details.workerId)} was declared dead; its writes are refused`,
      details,
    );
  }
}

/** This instance is no longer the leader; its writes as one are refused. @publicApi */
export class StaleLeaderError extends AffinityQueueError {
  declare readonly details: Readonly<{ nodeId?: string; epoch?: string }>;

  constructor(details: { nodeId?: string; epoch?: string } = {}) {
    const epoch = details.epoch === undefined ? '' : ` in epoch ${details.epoch}`;
    super(ErrorCode.StaleLeader, `Instance${of(details.nodeId)} is not the leader${epoch}`, details);
  }
}

/** The task is not, or no longer, this worker's current one. @publicApi */
export class NotTaskOwnerError extends AffinityQueueError {
  declare readonly details: Readonly<{ jobId?: string; workerId?: string }>;

  constructor(details: { jobId?: string; workerId?: string } = {}) {
    super(
      ErrorCode.NotTaskOwner,
      `Task${of(details.jobId)} does not belong to worker${of(details.workerId)}`,
      details,
    );
  }
}

/** A key belongs to another queue or application and is left alone. @publicApi */
export class ForeignQueueError extends AffinityQueueError {
  declare readonly details: Readonly<{ queueName?: string }>;

  constructor(details: { queueName?: string } = {}) {
    super(
      ErrorCode.ForeignQueue,
      `Worker queue${of(details.queueName)} belongs to another pending queue and is left alone`,
      details,
    );
  }
}

// ---- scripts

/** A script refused its arguments: a fault of this library. @publicApi */
export class InvalidScriptArgumentError extends AffinityQueueError {
  declare readonly details: Readonly<{ script: string }>;

  constructor(details: { script: string }) {
    super(ErrorCode.InvalidScriptArgument, `Script ${details.script} refused its arguments`, details);
  }
}

/** A script answered something that nobody expects: a fault of this library. @publicApi */
export class UnexpectedScriptResultError extends AffinityQueueError {
  declare readonly details: Readonly<{ script: string; result: string }>;

  constructor(details: { script: string; result: string }) {
    super(
      ErrorCode.UnexpectedScriptResult,
      `Script ${details.script} answered ${details.result}, which has no meaning`,
      details,
    );
  }
}

/** The cause's message, in brackets; its code where it has no message, such as when all of a host's addresses failed. */
function because({ cause }: ErrorOptions = {}): string {
  if (!isError(cause)) return '';
  const { message, code } = cause as { message: string; code?: string };
  const text = message || code;
  return text ? ` (${redactText(text)})` : '';
}

/** The place in a list that was added at once. */
function inList(index: number | undefined): string {
  return index === undefined ? '' : ` (task ${index} of the list)`;
}

function of(id: string | undefined): string {
  return id === undefined ? '' : ` '${id}'`;
}
