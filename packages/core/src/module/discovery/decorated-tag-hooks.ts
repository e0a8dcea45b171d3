import { InvalidHandlerError } from '../../errors/errors.js';
import type { TagHooks } from '../../worker/tag-hooks/tag-hooks.js';
import type { ProviderMethod } from './provider-methods.js';
import { boundHooks, releasedHooks } from './tag-hook.decorators.js';

type HookName = keyof TagHooks;

/** The methods of one provider for one queue. */
export interface DecoratedPair {
  readonly queue: string | undefined;
  /** The method that was found first, for messages. */
  readonly method: ProviderMethod;
  readonly hooks: TagHooks;
}

/**
 * Puts the decorated methods of each provider together: what one opens the other closes.
 *
 * @throws {@link InvalidHandlerError} two methods of one provider for the same
 */
export function decoratedTagHooks(methods: readonly ProviderMethod[]): DecoratedPair[] {
  const pairs: (DecoratedPair & { readonly provider: object; readonly names: Map<HookName, string> })[] = [];
  const put = (hook: HookName, queue: string | undefined, method: ProviderMethod): void => {
    const { provider, name } = method;
    let pair = pairs.find((candidate) => candidate.provider === provider && candidate.queue === queue);
    if (pair === undefined) pairs.push((pair = { queue, method, hooks: {}, provider, names: new Map() }));
    const other = pair.names.get(hook);
    if (other !== undefined) {
      const decorator = hook === 'bound' ? '@OnTagBound' : '@OnTagReleased';
      throw new InvalidHandlerError({
        reason: `${other} and ${name} are both ${decorator} of one provider and queue`,
      });
    }
    pair.names.set(hook, name);
    pair.hooks[hook] = (about: object) => method.call([about], about);
  };
  for (const method of methods) {
    for (const { queue } of boundHooks.of(method.declared)) put('bound', queue, method);
    for (const { queue } of releasedHooks.of(method.declared)) put('released', queue, method);
  }
  return pairs;
}
