import type { Job } from 'bullmq';
import { decodeTaskData } from '../../domain/task-data.js';
import { InvalidTaskError } from '../../errors/errors.js';

/** Why a task is where it is: the answer of `queueService.explain`. */
export interface Explanation {
  readonly state: string;
  readonly reason: string;
  readonly text: Readonly<Record<'en' | 'zh', string>>;
}

/** What a look-up asks. */
export interface LookedUpQueue {
  getJob(jobId: string): Promise<Job | undefined>;
  explain(jobId: string): Promise<Explanation>;
}

/** A task, without its payload and its result. */
export interface TaskView {
  readonly jobId: string;
  readonly found: boolean;
  readonly state: string;
  readonly type: string | null;
  readonly tag: string | null;
  readonly addedAt: number | null;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly attemptsMade: number;
  readonly attempts: number;
  readonly failedReason: string | null;
  readonly explanation: Explanation;
}

const maxTextLength = 1_000;

/** Looks one task up, and why it is not further. */
export async function lookUpTask(queue: LookedUpQueue, jobId: string): Promise<TaskView> {
  const [job, explanation] = await Promise.all([queue.getJob(jobId), queue.explain(jobId)]);
  return {
    jobId,
    found: job !== undefined,
    state: explanation.state,
    type: job?.name ?? null,
    tag: job === undefined ? null : tagOf(job),
    addedAt: job?.timestamp ?? null,
    startedAt: job?.processedOn ?? null,
    finishedAt: job?.finishedOn ?? null,
    attemptsMade: job?.attemptsMade ?? 0,
    attempts: job?.opts.attempts ?? 1,
    failedReason: job?.failedReason?.slice(0, maxTextLength) ?? null,
    explanation: {
      state: explanation.state,
      reason: explanation.reason,
      text: { en: explanation.text.en, zh: explanation.text.zh },
    },
  };
}

/** Tasks of other producers can be malformed. */
function tagOf({ name, data }: Job): string | null {
  try {
    return decodeTaskData(name, data).identifyTag;
  } catch (error) {
    if (error instanceof InvalidTaskError) return null;
    throw error;
  }
}
