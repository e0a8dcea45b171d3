/**
 * The unit of work. Tasks that share an `identifyTag` run one after the other, in the order in which they were
 * added, on one worker at a time.
 *
 * A class and not an interface, so that `@Body() task: Task` keeps its type at run time.
 *
 * @typeParam P - what the handler of this `type` expects as its payload
 * @example
 * ```ts
 * import type { Task } from 'nestjs-affinity-queue';
 *
 * const task: Task<{ to: string }> = {
 *   type: 'send-email',
 *   identifyTag: 'company-123',
 *   payload: { to: 'user@example.com' },
 * };
 * ```
 * @publicApi
 */
// A payload is whatever the application puts there; `unknown` would force a cast on every handler of the README.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export class Task<P = any> {
  /** Selects the handler. Not empty. */
  type!: string;

  /** The affinity key, for example a tenant. Any characters; 1 to `queueOptions.maxTagBytes` bytes of UTF-8. */
  identifyTag!: string;

  /** Anything JSON can hold, up to `queueOptions.maxPayloadBytes` bytes of JSON. `undefined` arrives as `null`. */
  payload!: P;
}
