import type { Job } from 'bullmq';
import type { TaskOptions } from './task-options.js';
import type { Task } from './task.js';

/*
 * A task map says for each type of task what its payload is: an interface with one member per type. Where a service has none,
 * `Tasks` is `any`, and every type and payload goes.
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

type IsAny<T> = 0 extends 1 & T ? true : false;

/** Whether there is no map: `any`, or `unknown`, which is what `app.get(QueueService)` makes of it. */
export type IsOpen<Tasks> = unknown extends Tasks ? true : false;

/** The types of a task map. @publicApi */
export type TaskTypes<Tasks> = IsOpen<Tasks> extends true ? string : keyof Tasks & string;

/** The payload of a type. @publicApi */
export type PayloadOf<Tasks, Type extends TaskTypes<Tasks>> =
  IsOpen<Tasks> extends true ? any : Type extends keyof Tasks ? PayloadIn<Tasks[Type]> : never; // eslint-disable-line @typescript-eslint/no-explicit-any -- as in Task

/** What the handler of a type returns; `unknown` where the map does not say it. @publicApi */
export type ResultOf<Tasks, Type extends TaskTypes<Tasks>> =
  IsOpen<Tasks> extends true ? any : Type extends keyof Tasks ? ResultIn<Tasks[Type]> : never; // eslint-disable-line @typescript-eslint/no-explicit-any -- as in bullmq's Job

type PayloadIn<Entry> =
  IsAny<Entry> extends true ? Entry : [Entry] extends [TaskShape<infer Payload, unknown>] ? Payload : Entry;

type ResultIn<Entry> =
  IsAny<Entry> extends true ? unknown : [Entry] extends [TaskShape<unknown, infer Result>] ? Result : unknown;

/** A task of a map: of one type, or of any. @publicApi */
export type TaskOf<Tasks, Type extends TaskTypes<Tasks> = TaskTypes<Tasks>> =
  IsOpen<Tasks> extends true
    ? Task
    : Type extends keyof Tasks
      ? Task<PayloadOf<Tasks, Type>> & { readonly type: Type }
      : never;

/** A task of a map for `addBulk`. @publicApi */
export type BulkTaskOf<Tasks> = TaskOf<Tasks> & { readonly options?: TaskOptions };

/** The BullMQ job of a task of a map. @publicApi */
export type JobOf<Tasks, Type extends TaskTypes<Tasks> = TaskTypes<Tasks>> =
  IsOpen<Tasks> extends true
    ? Job
    : Type extends keyof Tasks
      ? Job<Readonly<TaskOf<Tasks, Type>>, ResultOf<Tasks, Type>>
      : never;

/** What `add` takes: with a map a task of it, without one any task. */
export type AddedTask<Tasks, Payload, Type extends TaskTypes<Tasks>> =
  IsOpen<Tasks> extends true ? Task<Payload> : TaskOf<Tasks, Type> & { readonly type: Type };

/** Something to wait for. */
export type JobOrId = Pick<Job, 'id'> | string;

/** What comes of waiting for a job: its result as JSON holds it. */
export type FinishedResult<Of extends JobOrId> = Of extends { readonly returnvalue: infer Result }
  ? IsAny<Result> extends true
    ? unknown
    : StoredResult<Result>
  : unknown;

/** `undefined` is kept as `null`. */
type StoredResult<Result> = Result extends undefined ? null : Result extends void ? null : Result;
