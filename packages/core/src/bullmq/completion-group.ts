import type { ScriptArgument } from '../redis/script-runner.js';

/** The completion of one worker's attempt. */
export interface Completion {
  readonly workerId: string;
  readonly jobId: string;
  /**
   * Whether `commitTasks` is to take the next task, and where its worker's tasks have become long or short, that; as the script
   * wants it. A group has it in common.
   */
  readonly takes: string;
  /** The worker's part of its arguments. */
  readonly args: readonly ScriptArgument[];
  /** Characters of the task's data and of its result: the worker's next task is likely to have as many. */
  readonly size: number;
  /** Why the worker's lease is gone, if it is: its completion is not sent any more. */
  readonly abandoned: () => Error | undefined;
}

/** Where the workers of an instance hand in their completions. */
export interface CompletionGroup {
  /**
   * Resolves when Redis has recorded the completion.
   *
   * @returns what the script has taken for the worker, 0 where it has not; `not-plain` where it has recorded nothing, because
   *   BullMQ's own script has to
   * @throws {@link WorkerFencedError}, {@link NotTaskOwnerError}, the reason why the lease is gone
   */
  commit(completion: Completion): Promise<unknown>;

  /** What waits to be sent again is sent now, or given up where the lease is gone. */
  endPauses(): void;
}

const argumentsOfGroup = 3;
const argumentsOfCompletion = 7;

/**
 * The arguments of `commitTasks`, as the head of the script has them, for completions that have the same `takes`.
 *
 * @param now - ms since the epoch
 * @param trims - whether the stream of events is trimmed
 */
export function commitArguments(
  now: number,
  trims: boolean,
  group: readonly Pick<Completion, 'takes' | 'args'>[],
): ScriptArgument[] {
  const args: ScriptArgument[] = [now, trims ? 1 : 0, group[0]?.takes ?? '0'];
  for (const completion of group) args.push(...completion.args);
  return args;
}

/** Whose completions these arguments tell, and where each of the workers stands. */
export function toldBy(args: readonly unknown[]): { workerId: string; standing: string }[] {
  return Array.from(
    { length: Math.floor((args.length - argumentsOfGroup) / argumentsOfCompletion) },
    (_, index) => {
      const [workerId, standing] = args.slice(argumentsOfGroup + index * argumentsOfCompletion);
      return { workerId: String(workerId), standing: String(standing) };
    },
  );
}
