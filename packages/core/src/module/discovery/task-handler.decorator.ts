import type { TaskTypes } from '../../domain/task-map.js';
import type { TaskHandlerOf } from '../../worker/typed-handler.js';
import type { TaskHandlerFunction } from '../../worker/task-context.js';
import { methodMark } from './decorated-methods.js';

/** Which queue a decorated method belongs to. @publicApi */
export interface QueueMethodOptions {
  /** Name of the feature; the root queue when left out. */
  queue?: string;
}

export const handledTypes = methodMark<{ readonly type: string } & QueueMethodOptions>('TaskHandler');

/**
 * Makes a method of a provider or controller the handler of a task type: it gets `(payload, context)`, as a function that is
 * given to `registerHandler`. Inherited methods count, unless they are overridden. Of a request-scoped provider a new
 * instance is made for every attempt; what it injects as `REQUEST` is a {@link TaskRequest}. The methods of a
 * request-scoped `useFactory` are not found: its class is not known.
 *
 * Methods are registered when the application has bootstrapped, just before its workers start. The application does not start
 * with two handlers of one type ({@link HandlerAlreadyRegisteredError}), nor with a handler for a queue that there is not
 * ({@link InvalidHandlerError}).
 *
 * @example
 * @TaskHandler('send-email')
 * async send(payload: Email, context: TaskContext) { … }
 * @publicApi
 */
export const TaskHandler = (type: string, options: QueueMethodOptions = {}): MethodDecorator =>
  handledTypes.set({ type, ...options });

/**
 * The function for a task type. What it returns is the task's result; what it throws fails the attempt.
 *
 * @publicApi
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a payload is whatever the producer of that type sends
export type TaskHandler<Payload = any, Result = unknown> = TaskHandlerFunction<Payload, Result>;

/**
 * `TaskHandler` for a task map: it takes the types of the map only, and stands only on methods that fit their type.
 *
 * @example
 * const HandlesTask: TypedTaskHandler<Tasks> = TaskHandler;
 *
 * @HandlesTask('send-email')
 * async send({ to }: PayloadOf<Tasks, 'send-email'>) { … }
 * @publicApi
 */
export type TypedTaskHandler<Tasks> = <Type extends TaskTypes<Tasks>>(
  type: Type,
  options?: QueueMethodOptions,
) => <Method extends TaskHandlerOf<Tasks, Type>>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;
