import type { QueueContext } from '../../redis/queue-context.js';
import type { QueueService } from '../../producer/queue-service.js';
import { canBeTaskId } from '../../producer/task-ids.js';

/** What can be changed from the page. */
export type DashboardAction =
  | { readonly action: 'pause-queue' | 'resume-queue' | 'retry-failed' }
  | { readonly action: 'pause-tag' | 'resume-tag'; readonly tag: string }
  | { readonly action: 'retry-task' | 'remove-task'; readonly jobId: string };

/** How many tasks, tags or queues it changed; 0: there was nothing to change any more. */
export interface ActionResult {
  readonly changed: number;
}

export interface ActedOnQueue {
  readonly context: QueueContext;
  readonly queueService: QueueService;
}

/** Of one click; whoever has more failed tasks clicks again, and sees how the first ones fare. */
export const maxRetriesAtOnce = 1_000;

const actions: Readonly<Record<DashboardAction['action'], 'tag' | 'jobId' | undefined>> = {
  'pause-queue': undefined,
  'resume-queue': undefined,
  'retry-failed': undefined,
  'pause-tag': 'tag',
  'resume-tag': 'tag',
  'retry-task': 'jobId',
  'remove-task': 'jobId',
};

/** @returns nothing for a body that is no action */
export function parseAction(body: unknown): DashboardAction | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const given = body as Record<string, unknown>;
  const { action } = given;
  if (typeof action !== 'string' || !Object.hasOwn(actions, action)) return undefined;
  const subject = actions[action as DashboardAction['action']];
  if (subject === undefined) return { action } as DashboardAction;
  const value = given[subject];
  return typeof value === 'string' ? ({ action, [subject]: value } as DashboardAction) : undefined;
}

/** @throws {@link InvalidTaskError} for what cannot be a tag */
export async function perform(
  { context, queueService }: ActedOnQueue,
  wanted: DashboardAction,
): Promise<ActionResult> {
  switch (wanted.action) {
    case 'pause-queue':
      await queueService.pause();
      return { changed: 1 };
    case 'resume-queue':
      await queueService.resume();
      return { changed: 1 };
    case 'pause-tag':
      await queueService.pauseTag(wanted.tag);
      return { changed: 1 };
    case 'resume-tag':
      await queueService.resumeTag(wanted.tag);
      return { changed: 1 };
    case 'retry-failed':
      return { changed: await queueService.retryFailed({ limit: maxRetriesAtOnce }) };
    case 'retry-task': {
      if (!canBeTaskId(wanted.jobId)) return { changed: 0 };
      const reply = await context.scripts.run('retryFailedTask', { args: [wanted.jobId] });
      return { changed: reply === 1 ? 1 : 0 };
    }
    case 'remove-task':
      return { changed: (await removeFailed(queueService, wanted.jobId)) ? 1 : 0 };
  }
}

async function removeFailed(queueService: QueueService, jobId: string): Promise<boolean> {
  const job = await queueService.getJob(jobId);
  if (job === undefined || !(await job.isFailed())) return false;
  await job.remove();
  return true;
}
