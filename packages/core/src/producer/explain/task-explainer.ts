import { listWorkers } from '../../bullmq/registered-workers.js';
import { longestTaskDataBytes } from '../../domain/task-data.js';
import type { QueueContext } from '../../redis/queue-context.js';
import { canBeTaskId } from '../task-ids.js';
import { decodeExplainReply, type TaskPlace } from './explain-reply.js';
import { explainTask } from './explain-task.js';
import type { TaskExplanation } from './task-explanation.js';

/** How far one explanation looks for the task in its tag, or among what was added. */
const reach = 10_000;
const maxTextBytes = 1_000;

/** Where it matters what workers say about themselves. */
const heldByWorkers: ReadonlySet<TaskPlace> = new Set(['running', 'dispatched', 'ahead', 'indexed']);

/** Asks Redis about one task: one script that only reads, and for some answers the worker registry. */
export async function explain(context: QueueContext, jobId: string): Promise<TaskExplanation> {
  const nowhere = decodeExplainReply([['place', 'none'], []]);
  if (!canBeTaskId(jobId)) return explainTask(String(jobId), nowhere, []);
  const args = [jobId, reach, longestTaskDataBytes(context.options), maxTextBytes];
  const facts = decodeExplainReply(await context.scripts.run('explainTask', { args }));
  const workers = heldByWorkers.has(facts.place) ? await listWorkers(context) : [];
  return explainTask(jobId, facts, workers);
}
