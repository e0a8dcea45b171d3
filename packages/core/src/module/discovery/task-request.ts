import type { TaskContext } from '../../worker/task-context.js';

/**
 * What a request-scoped provider gets as `REQUEST` when it is made for one attempt of a task.
 *
 * @publicApi
 */
export interface TaskRequest<Payload = unknown> {
  readonly payload: Payload;
  readonly context: TaskContext;
}
