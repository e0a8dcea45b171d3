import type { PayloadOf, ResultOf, TaskTypes } from '../domain/task-map.js';
import type { TaskHandlerFunction } from './task-context.js';

/** The function for a type of a task map. @publicApi */
export type TaskHandlerOf<Tasks, Type extends TaskTypes<Tasks>> = TaskHandlerFunction<
  PayloadOf<Tasks, Type>,
  ResultOf<Tasks, Type>
>;

/** What `registerHandler` takes: with a map the function for that type, without one any function. @publicApi */
export type RegisteredHandler<Tasks, Type extends TaskTypes<Tasks>, Payload, Result> = unknown extends Tasks
  ? TaskHandlerFunction<Payload, Result>
  : TaskHandlerOf<Tasks, Type>;
