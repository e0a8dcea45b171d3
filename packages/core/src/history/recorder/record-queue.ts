import type { QueueRuntime } from '../../module/queue-runtime.js';
import type { HistoryRecorder } from './history-recorder.js';
import { QueueRecorder } from './queue-recorder.js';
import { recordAdds } from './record-adds.js';
import { OpenAttempts, recordedHandler } from './record-attempts.js';
import { recordLeadership } from './record-leadership.js';
import { recordOutcomes } from './record-outcomes.js';

/**
 * Records what this process does in one queue, from now on. Attached before the queue starts, it misses nothing.
 *
 * @returns what ends it
 */
export function recordQueue(runtime: QueueRuntime, recorder: HistoryRecorder): () => void {
  const { options, nodeId } = runtime;
  const history = new QueueRecorder(recorder, options.pendingQueueName, nodeId);
  const { identifyTagConcurrency } = options;
  history.record('queue.opened', {
    node: nodeId,
    role: options.role,
    maxBatchSize: options.maxBatchSize,
    lockTtlMs: options.electionLockTtlMs,
    heartbeatTimeoutMs: options.heartbeatTimeoutMs,
    schedulerIntervalMs: options.schedulerIntervalMs,
    concurrency: identifyTagConcurrency.default,
    tagConcurrency: identifyTagConcurrency.tags,
    retryOrder: options.defaultTaskOptions.retryOrder,
  });

  const attempts = new OpenAttempts();
  recordAdds(runtime.queueService, history);
  runtime.workerService.wrapHandlers((handler) => recordedHandler(handler, history, attempts));
  runtime.observeScripts((name, call) => {
    if (name === 'retryFailedTask') history.record('task.requeued', { task: String(call.args?.[0]) });
    return recordOutcomes(name, call, history, attempts) ?? recordLeadership(name, call, history);
  });
  let leads = false;
  const leadership = runtime.electionService.leadership$.subscribe((isLeader) => {
    if (leads && !isLeader && history.epoch !== undefined)
      history.record('leadership.lost', { node: nodeId, epoch: history.epoch, reason: 'stepped-down' });
    leads = isLeader;
  });
  return () => {
    leadership.unsubscribe();
  };
}
