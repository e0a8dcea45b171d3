import type { WorkerState } from '../domain/worker-state.js';
import type { QueueContext } from '../redis/queue-context.js';

/** What every registered worker of the queue is doing. */
export async function readWorkerStates({ hub, keys }: QueueContext): Promise<WorkerState[]> {
  const workerIds = (await hub.commands.hkeys(keys.workerRegistry)).sort();
  const states = await Promise.all(workerIds.map((id) => hub.commands.hgetall(keys.workerState(id))));
  return states.flatMap((state, index) => decodeWorkerState(workerIds[index] ?? '', state) ?? []);
}

/** The documented hash of a worker; nothing where it is not there any more. */
export function decodeWorkerState(
  workerId: string,
  { status, currentIdentifyTag, currentBatchSize }: Readonly<Record<string, string | undefined>>,
): WorkerState | undefined {
  if (status === undefined) return undefined;
  const running = status === 'running';
  return {
    workerId,
    status: running ? 'running' : 'idle',
    currentIdentifyTag: running ? (currentIdentifyTag ?? null) : null,
    currentBatchSize: Number(currentBatchSize ?? 0),
  };
}
