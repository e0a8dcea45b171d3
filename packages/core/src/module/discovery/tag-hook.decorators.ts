import type { TagBinding, TagRelease } from '../../worker/tag-hooks/tag-hooks.js';
import { methodMark } from './decorated-methods.js';
import type { QueueMethodOptions } from './task-handler.decorator.js';

export const boundHooks = methodMark<QueueMethodOptions>('OnTagBound');
export const releasedHooks = methodMark<QueueMethodOptions>('OnTagReleased');

type HookDecorator<About> = <Method extends (about: About) => unknown>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/**
 * Calls a method when a tag has been bound to a worker of this instance, before the first handler of the batch: to open what
 * the application keeps per tag. It is awaited; what it throws fails the attempt of the task, by its usual rules, and it is
 * called again before the next one.
 *
 * A provider has at most one such method, and one {@link OnTagReleased}, per queue; the two are a pair. They are found as the
 * methods of {@link TaskHandler} are. In a role without workers they are never called.
 *
 * @example
 * @OnTagBound()
 * async open({ identifyTag }: TagBinding) { this.clients.set(identifyTag, await connect(identifyTag)); }
 * @publicApi
 */
export const OnTagBound = (options: QueueMethodOptions = {}): HookDecorator<TagBinding> =>
  boundHooks.set({ ...options });

/**
 * Calls a method when a tag is released, after the last handler of the batch: exactly once for every batch for which the
 * {@link OnTagBound} method of its provider succeeded (or that has none). It is awaited; what it throws is logged, and told to
 * `errors$`.
 *
 * @example
 * @OnTagReleased()
 * async close({ identifyTag, reason }: TagRelease) { await this.clients.get(identifyTag)?.close(); }
 * @publicApi
 */
export const OnTagReleased = (options: QueueMethodOptions = {}): HookDecorator<TagRelease> =>
  releasedHooks.set({ ...options });
