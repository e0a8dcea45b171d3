import type { QueueContext } from '../redis/queue-context.js';

/** A worker as the registry has it. */
export interface RegisteredWorker {
  readonly workerId: string;
  readonly hostname: string;
  readonly processId: number;
  readonly nodeId: string;
  /** ms since the epoch, by the worker's clock. */
  readonly startTime: number;
  readonly lastHeartbeat: number;
  /** Task types that it has handlers for. */
  readonly types?: readonly string[];
}

/** The worker registry. */
export async function listWorkers({ hub, keys }: QueueContext): Promise<RegisteredWorker[]> {
  const entries = await hub.commands.hgetall(keys.workerRegistry);
  return Object.values(entries).map((entry) => JSON.parse(entry) as RegisteredWorker);
}

/** A worker in the form of a line of CLIENT LIST, through whose names BullMQ looks for its workers. */
export function asClientLine({ workerId, hostname, processId }: RegisteredWorker, name: string): string {
  return `id=${workerId} addr=${hostname}:${processId} name=${name} cmd=affinity`;
}

/** Whether Redis does not have that command, or not for this user. */
export function isRefusedCommand(error: unknown): boolean {
  return error instanceof Error && /^(ERR unknown command|NOPERM)/.test(error.message);
}
