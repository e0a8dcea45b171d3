/**
 * Every code an error of this library can carry. Codes are part of the public contract: they never change their
 * meaning, messages may.
 *
 * @publicApi
 */
export const ErrorCode = {
  InvalidOption: 'AFFINITY_INVALID_OPTION',
  QueueNameConflict: 'AFFINITY_QUEUE_NAME_CONFLICT',
  InvalidTask: 'AFFINITY_INVALID_TASK',
  InvalidTaskOption: 'AFFINITY_INVALID_TASK_OPTION',
  UnsupportedTaskOption: 'AFFINITY_UNSUPPORTED_TASK_OPTION',
  ReservedJobId: 'AFFINITY_RESERVED_JOB_ID',
  InvalidSchedule: 'AFFINITY_INVALID_SCHEDULE',
  InvalidHandler: 'AFFINITY_INVALID_HANDLER',
  HandlerAlreadyRegistered: 'AFFINITY_HANDLER_ALREADY_REGISTERED',
  UnknownTaskType: 'AFFINITY_UNKNOWN_TASK_TYPE',
  TaskTimeout: 'AFFINITY_TASK_TIMEOUT',
  TaskCancelled: 'AFFINITY_TASK_CANCELLED',
  TaskFailed: 'AFFINITY_TASK_FAILED',
  TaskNotFound: 'AFFINITY_TASK_NOT_FOUND',
  TaskStillRunning: 'AFFINITY_TASK_STILL_RUNNING',
  WaitTimeout: 'AFFINITY_WAIT_TIMEOUT',
  ResultTooLarge: 'AFFINITY_RESULT_TOO_LARGE',
  TaskWriteTooLarge: 'AFFINITY_TASK_WRITE_TOO_LARGE',
  ResultNotSerializable: 'AFFINITY_RESULT_NOT_SERIALIZABLE',
  PayloadCodec: 'AFFINITY_PAYLOAD_CODEC',
  RedisUnavailable: 'AFFINITY_REDIS_UNAVAILABLE',
  RedisAuthentication: 'AFFINITY_REDIS_AUTHENTICATION',
  RedisPermission: 'AFFINITY_REDIS_PERMISSION',
  RedisClusterNotSupported: 'AFFINITY_REDIS_CLUSTER_NOT_SUPPORTED',
  EvictingRedis: 'AFFINITY_EVICTING_REDIS',
  CommandTimeout: 'AFFINITY_COMMAND_TIMEOUT',
  RedisRefusesWrites: 'AFFINITY_REDIS_REFUSES_WRITES',
  IncompatibleLayout: 'AFFINITY_INCOMPATIBLE_LAYOUT',
  IncompatibleBullMQ: 'AFFINITY_INCOMPATIBLE_BULLMQ',
  LeaseLost: 'AFFINITY_LEASE_LOST',
  WorkerFenced: 'AFFINITY_WORKER_FENCED',
  StaleLeader: 'AFFINITY_STALE_LEADER',
  NotTaskOwner: 'AFFINITY_NOT_TASK_OWNER',
  ForeignQueue: 'AFFINITY_FOREIGN_QUEUE',
  InvalidScriptArgument: 'AFFINITY_INVALID_SCRIPT_ARGUMENT',
  UnexpectedScriptResult: 'AFFINITY_UNEXPECTED_SCRIPT_RESULT',
  UnsupportedOperation: 'AFFINITY_UNSUPPORTED_OPERATION',
  InvalidArgument: 'AFFINITY_INVALID_ARGUMENT',
  QueueClosed: 'AFFINITY_QUEUE_CLOSED',
} as const;

/**
 * One of the values of {@link ErrorCode}.
 *
 * @publicApi
 */
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];
