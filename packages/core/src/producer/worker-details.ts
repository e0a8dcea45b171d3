import type { RegisteredWorker } from '../bullmq/registered-workers.js';

/**
 * A worker, with what it has and where it runs.
 *
 * @publicApi
 */
export interface WorkerDetails {
  workerId: string;
  status: 'idle' | 'running' | 'leaving';
  nodeId: string | null;
  hostname: string | null;
  processId: number | null;
  /** ms since the epoch, by the worker's clock. */
  startTime: number | null;
  lastHeartbeat: number | null;
  /** Task types that it has handlers for; `null` where it does not say. */
  types: readonly string[] | null;
  /** Its batch; `null` without one. `position`: how many of its tasks it has taken. */
  batch: { identifyTag: string; position: number; size: number; waiting: number } | null;
  /** The task that it runs. */
  currentJobId: string | null;
  /** Tag of its look-ahead. */
  nextIdentifyTag: string | null;
}

type Row = [string, string | null, string, string, string, string, number, string, 0 | 1];

export function decodeWorkerDetails(reply: unknown): WorkerDetails[] {
  return (reply as Row[]).map(([workerId, entry, tag, size, done, current, waiting, next, leaving]) => {
    const said = parseEntry(entry);
    const isRunning = tag !== '' || current !== '';
    return {
      workerId,
      status: leaving === 1 ? 'leaving' : isRunning ? 'running' : 'idle',
      nodeId: said.nodeId ?? null,
      hostname: said.hostname ?? null,
      processId: said.processId ?? null,
      startTime: said.startTime ?? null,
      lastHeartbeat: said.lastHeartbeat ?? null,
      types: said.types ?? null,
      batch: isRunning ? { identifyTag: tag, position: Number(done), size: Number(size), waiting } : null,
      currentJobId: current === '' ? null : current,
      nextIdentifyTag: next === '' ? null : next,
    };
  });
}

/** The registry is documented, and can be edited by hand. */
function parseEntry(text: string | null): Partial<RegisteredWorker> {
  try {
    return (JSON.parse(text ?? '{}') as Partial<RegisteredWorker> | null) ?? {};
  } catch {
    return {};
  }
}
