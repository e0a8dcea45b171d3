import type { TaskHandlerFunction } from '../../worker/task-context.js';
import type { AttemptFields } from '../records.js';
import type { QueueRecorder } from './queue-recorder.js';

/** What is known of the attempts whose handler has begun and whose outcome is open. */
export class OpenAttempts {
  readonly #open = new Map<string, AttemptFields>();

  add(attempt: AttemptFields): void {
    this.#open.set(`${attempt.worker} ${attempt.task} ${attempt.attempt}`, attempt);
  }

  /** @param isOver - nothing more will be said about it */
  get(worker: string, task: string, attempt: number, isOver: boolean): AttemptFields {
    const key = `${worker} ${task} ${attempt}`;
    const known = this.#open.get(key) ?? { task, worker, attempt };
    if (isOver) this.#open.delete(key);
    return known;
  }
}

/** A handler that says when it begins and when it has ended. */
export function recordedHandler(
  handler: TaskHandlerFunction,
  history: QueueRecorder,
  attempts: OpenAttempts,
): TaskHandlerFunction {
  return async (payload, context) => {
    const attempt: AttemptFields = {
      task: String(context.job.id),
      worker: context.workerId,
      attempt: context.attempt,
      tag: context.identifyTag,
      token: context.fencingToken,
      ...(history.heardEpoch !== undefined && { epoch: history.heardEpoch }),
    };
    attempts.add(attempt);
    history.record('task.started', { ...attempt, position: context.batchPosition });
    const ended = (result: 'returned' | 'threw'): void => {
      history.record('task.ended', { ...attempt, result, aborted: context.signal.aborted });
    };
    try {
      const result: unknown = await handler(payload, context);
      ended('returned');
      return result;
    } catch (error) {
      ended('threw');
      throw error;
    }
  };
}
