import type { Job } from 'bullmq';
import type { TaskOptions } from './task-options.js';
import type { Task } from './task.js';

/*
 * A task map says for each type of task what its payload is: an interface with one member per type. Where a service has none,
 * `Tasks` is `any`, or `unknown`, which is what `app.get(QueueService)` makes of it: every type and payload goes.
 */

declare const taskShape: unique symbol;

/**
 * An entry of a task map that also says what the handler returns.
 *
 * @example
 * interface Tasks {
 *   'send-email': { to: string };
 *   'build-report': TaskShape<{ month: string }, { url: string }>;
 * }
 * @publicApi
 */
export interface TaskShape<Payload, Result> {
  readonly [taskShape]: { readonly payload: Payload; readonly result: Result };
}

/** The types of a task map. @publicApi */
export type TaskTypes<Tasks> = unknown extends Tasks ? string : keyof Tasks & string;

/** The payload of a type. @publicApi */
export type PayloadOf<Tasks, Type extends TaskTypes<Tasks>> = unknown extends Tasks
  ? any // eslint-disable-line @typescript-eslint/no-explicit-any -- as in Task
  : Type extends keyof Tasks
    ? 0 extends 1 & Tasks[Type]
      ? Tasks[Type]
      : [Tasks[Type]] extends [TaskShape<infer Payload, unknown>]
        ? Payload
        : Tasks[Type]
    : never;

/** What the handler of a type returns; `unknown` where the map does not say it. @publicApi */
export type ResultOf<Tasks, Type extends TaskTypes<Tasks>> = unknown extends Tasks
  ? any // eslint-disable-line @typescript-eslint/no-explicit-any -- as in bullmq's Job
  : Type extends keyof Tasks
    ? 0 extends 1 & Tasks[Type]
      ? unknown
      : [Tasks[Type]] extends [TaskShape<unknown, infer Result>]
        ? Result
        : unknown
    : never;

/** A task of a map: of one type, or of any. @publicApi */
export type TaskOf<Tasks, Type extends TaskTypes<Tasks> = TaskTypes<Tasks>> = unknown extends Tasks
  ? Task
  : Type extends keyof Tasks
    ? Task<PayloadOf<Tasks, Type>> & { readonly type: Type }
    : never;

/** A task of a map for `addBulk`. @publicApi */
export type BulkTaskOf<Tasks> = TaskOf<Tasks> & { readonly options?: TaskOptions };

/** The BullMQ job of a task of a map. @publicApi */
export type JobOf<Tasks, Type extends TaskTypes<Tasks> = TaskTypes<Tasks>> = unknown extends Tasks
  ? Job
  : Type extends keyof Tasks
    ? Job<Readonly<TaskOf<Tasks, Type>>, ResultOf<Tasks, Type>>
    : never;

/** What `add` takes: with a map a task of it, without one any task. @publicApi */
export type AddedTask<Tasks, Payload, Type extends TaskTypes<Tasks>> = unknown extends Tasks
  ? Task<Payload>
  : TaskOf<Tasks, Type> & { readonly type: Type };

/** Something to wait for. @publicApi */
export type JobOrId = Pick<Job, 'id'> | string;

/** What comes of waiting for a job: its result as JSON holds it, where `undefined` is `null`. @publicApi */
export type FinishedResult<Of extends JobOrId> = Of extends { readonly returnvalue: infer Result }
  ? 0 extends 1 & Result
    ? unknown
    : Result extends undefined
      ? null
      : Result extends void
        ? null
        : Result
  : unknown;
