import type { WorkerState } from '../domain/worker-state.js';

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
