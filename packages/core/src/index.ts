/**
 * Queues whose tasks of one tag run in order on one worker: the module, its services, decorators, options and errors.
 *
 * @module nestjs-affinity-queue
 */
export { QueueModule } from './module/queue.module.js';
export type {
  QueueAsyncOptions,
  QueueFeatureAsyncOptions,
  QueueModuleAsyncOptions,
  QueueOptionsFactory,
} from './module/async-options.js';
export {
  getElectionServiceToken,
  getQueueServiceToken,
  getSchedulerServiceToken,
  getWorkerServiceToken,
} from './module/tokens.js';
export { InjectQueueService, InjectWorkerService } from './module/decorators.js';
export {
  TaskHandler,
  type QueueMethodOptions,
  type TypedTaskHandler,
} from './module/discovery/task-handler.decorator.js';
export { OnQueueEvent, type QueueEventOf } from './module/discovery/on-queue-event.decorator.js';
export { OnTagBound, OnTagReleased } from './module/discovery/tag-hook.decorators.js';
export type { TaskRequest } from './module/discovery/task-request.js';

export { QueueService, type CancelResult } from './producer/queue-service.js';
export type { BulkTask } from './producer/new-jobs.js';
export type { RetryFilter } from './producer/failed-tasks.js';
export type { QueueStats, TagStats } from './producer/queue-stats.js';
export type {
  ExplainedTask,
  ExplanationDetails,
  ExplanationReason,
  TaskExplanation,
  WorkerFacts,
} from './producer/explain/task-explanation.js';
export type { Schedule } from './producer/schedule-info.js';
export type { TagOverview } from './producer/tag-overview.js';
export type { WorkerDetails } from './producer/worker-details.js';
export { WorkerService } from './worker/worker-service.js';
export type { TaskContext, TaskHandlerFunction } from './worker/task-context.js';
export type { RegisteredHandler, TaskHandlerOf } from './worker/typed-handler.js';
export type { TagBinding, TagHooks, TagRelease } from './worker/tag-hooks/tag-hooks.js';
export type { ReleaseReason } from './domain/release-reason.js';
export { SchedulerService } from './scheduler/scheduler-service.js';
export { ElectionService } from './election/election-service.js';
export type { LeaderInfo } from './election/leader-info.js';
export type { QueueEvent, QueueEventFields, QueueEventType } from './observability/events/queue-event.js';

export type { PayloadCodec, PayloadContext } from './domain/payload-codec.js';
export { Task } from './domain/task.js';
export type {
  AddedTask,
  BulkTaskOf,
  FinishedResult,
  JobOf,
  JobOrId,
  PayloadOf,
  ResultOf,
  TaskOf,
  TaskShape,
  TaskTypes,
} from './domain/task-map.js';
export type { RetryOrder, TaskOptions } from './domain/task-options.js';
export type {
  CronTiming,
  IntervalTiming,
  ScheduledTaskOptions,
  ScheduleLimits,
  ScheduleTiming,
} from './domain/schedule.js';
export type { WorkerState } from './domain/worker-state.js';
export type { QueueRole } from './domain/roles.js';
export type { Locale } from './domain/locale.js';
export type {
  DefaultTaskOptions,
  ElectionOptions,
  IdentifyTagConcurrency,
  QueueFeatureOptions,
  QueueModuleOptions,
  QueueOptions,
  WorkerOptions,
} from './options/queue-module-options.js';
export type { RedisConnectionOptions } from './options/redis-connection-options.js';

export { AffinityQueueError, ErrorCode } from './errors/index.js';
export * from './errors/errors.js';

export type {
  BackoffOptions,
  DeduplicationOptions,
  Job,
  JobProgress,
  JobsOptions,
  JobState,
  KeepJobs,
  Queue,
  Telemetry,
} from 'bullmq';
