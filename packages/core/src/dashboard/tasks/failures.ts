import type { QueueContext } from '../../redis/queue-context.js';

export interface FailureView {
  readonly jobId: string;
  readonly type: string;
  /** `null`: it has no usable one, or its data is too large to look. */
  readonly tag: string | null;
  readonly reason: string;
  readonly attemptsMade: number;
  /** ms since the epoch, by the worker's clock. */
  readonly failedAt: number;
}

export interface FailurePage {
  readonly total: number;
  readonly from: number;
  readonly tasks: readonly FailureView[];
}

export const failuresPerPage = 25;
const maxDataBytes = 1_000_000;
const maxTextBytes = 1_000;

type Reply = [number, ...[string, string, string | null, string, string, string][]];

/** Failed tasks, the latest first. */
export async function readFailures({ scripts }: QueueContext, from: number): Promise<FailurePage> {
  const args = [from, failuresPerPage, maxDataBytes, maxTextBytes];
  const [total, ...tasks] = (await scripts.run('getFailures', { args })) as Reply;
  return {
    total,
    from,
    tasks: tasks.map(([jobId, type, tag, reason, made, failedAt]) => ({
      jobId,
      type,
      tag,
      // A text that the script cut can end in half a character.
      reason: reason.replace(/\ufffd+$/, ''),
      attemptsMade: Number(made),
      failedAt: Number(failedAt),
    })),
  };
}
