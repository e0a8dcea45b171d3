import { InvalidHandlerError } from '../../errors/errors.js';
import type { TagHooks } from './tag-hooks.js';

const hookNames = ['bound', 'released'] as const;

/** The hooks of one queue, in the order in which they were registered. */
export class TagHookRegistry {
  readonly #all: TagHooks[] = [];

  /** @throws {@link InvalidHandlerError} */
  register(hooks: TagHooks): void {
    if (typeof hooks !== 'object' || (hooks as TagHooks | null) === null)
      throw new InvalidHandlerError({ reason: 'hooks of tags must be an object' });
    const given = hookNames.map((name): unknown => hooks[name]).filter((hook) => hook !== undefined);
    if (given.length === 0 || given.some((hook) => typeof hook !== 'function'))
      throw new InvalidHandlerError({ reason: 'hooks of tags must be functions, `bound` or `released`' });
    this.#all.push(hooks);
  }

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  get all(): readonly TagHooks[] {
    return this.#all;
  }
}
