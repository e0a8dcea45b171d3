import {
  HandlerAlreadyRegisteredError,
  InvalidHandlerError,
  UnknownTaskTypeError,
} from '../errors/errors.js';
import type { TaskHandlerFunction } from './task-context.js';

/** Handlers by task type. */
export class HandlerRegistry {
  readonly #handlers = new Map<string, TaskHandlerFunction>();

  /** @throws {@link InvalidHandlerError}, {@link HandlerAlreadyRegisteredError} */
  register(type: string, handler: TaskHandlerFunction): void {
    if (typeof type !== 'string' || type === '')
      throw new InvalidHandlerError({ reason: 'the type must be a non-empty string' });
    if (typeof handler !== 'function')
      throw new InvalidHandlerError({ reason: `the handler of "${type}" is no function` });
    if (this.#handlers.has(type)) throw new HandlerAlreadyRegisteredError({ type });
    this.#handlers.set(type, handler);
  }

  /** @throws {@link UnknownTaskTypeError}, which lists the types that there are */
  handlerOf(type: string): TaskHandlerFunction {
    const handler = this.#handlers.get(type);
    if (handler === undefined) throw new UnknownTaskTypeError({ type, registeredTypes: this.types });
    return handler;
  }

  get types(): readonly string[] {
    return [...this.#handlers.keys()].sort();
  }
}
