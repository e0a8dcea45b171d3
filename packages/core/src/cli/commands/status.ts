import type { LeaderInfo } from '../../election/leader-info.js';
import { duration } from '../../observability/messages/explanations/moments.js';
import type { QueueStats } from '../../producer/queue-stats.js';
import type { WorkerDetails } from '../../producer/worker-details.js';
import { ago, asJson, printable, table } from '../output.js';
import type { CommandContext } from './command.js';

export interface Status {
  readonly queue: string;
  readonly redis: string;
  readonly at: number;
  readonly leader: LeaderInfo | null;
  readonly stats: QueueStats;
  readonly workers: readonly WorkerDetails[];
}

/** Leader, counts, workers. */
export async function printStatus({ queue, out, json }: CommandContext): Promise<void> {
  const [leader, stats, workers] = await Promise.all([
    queue.electionService.getLeader(),
    queue.queueService.getQueueStats(),
    queue.queueService.getWorkerDetails(),
  ]);
  const status = { queue: queue.name, redis: queue.address, at: Date.now(), leader, stats, workers };
  out.write(json ? asJson(status) : describe(status));
}

function describe({ queue, redis, at, leader, stats, workers }: Status): string {
  const lead =
    leader === null
      ? 'none: nothing is assigned; an instance in role SCHEDULER or BOTH has to run'
      : `${leader.nodeId} for ${duration(at - leader.startTime)}, last heartbeat ${ago(leader.lastHeartbeat, at)}`;
  const lines = [
    `Queue   ${queue} at ${redis}${stats.paused ? ' (PAUSED)' : ''}`,
    `Leader  ${lead}`,
    `Tasks   ${stats.waiting} waiting, ${stats.active} running, ${stats.delayed} delayed, ${stats.completed} completed, ${stats.failed} failed`,
    `Tags    ${stats.tagsWaiting} waiting, ${stats.tagsBound} bound`,
    `Workers ${stats.workersRunning} running, ${stats.workersIdle} idle${silence(workers, at)}`,
  ];
  const rows = workers.map((worker) => [
    worker.workerId,
    worker.status,
    worker.batch === null ? '–' : printable(worker.batch.identifyTag),
    worker.batch === null ? '–' : `${worker.batch.position} of ${worker.batch.size}`,
    worker.currentJobId === null ? '–' : printable(worker.currentJobId),
    worker.nextIdentifyTag === null ? '–' : printable(worker.nextIdentifyTag),
    ago(worker.lastHeartbeat, at),
  ]);
  const head = ['worker', 'status', 'tag', 'batch', 'task', 'next tag', 'heartbeat'];
  return `${lines.join('\n')}\n${rows.length === 0 ? '' : table(head, rows)}`;
}

/** Three heartbeats, by default. The tasks of a dead worker go back once a leader declares it dead. */
const silentMs = 30_000;

function silence(workers: readonly WorkerDetails[], at: number): string {
  const silent = workers.filter(
    ({ lastHeartbeat }) => lastHeartbeat !== null && at - lastHeartbeat > silentMs,
  );
  return silent.length === 0 ? '' : `; ${silent.length} silent for more than ${duration(silentMs)}`;
}
