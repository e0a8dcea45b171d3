import type { CancelledAttempt } from '../redis/worker-marker.js';

/** What Redis tells an instance at a heartbeat. */
export interface BeatReply {
  /** Workers that are not registered any more. */
  readonly fenced: readonly string[];
  /** Workers that hold tasks and run none. */
  readonly stuck: readonly string[];
  /** How long the election lock still lasts (ms; -2: no leader, -1: no expiry). */
  readonly lockTtlMs: number;
  /** Attempts that run and were cancelled. */
  readonly cancelled: readonly (CancelledAttempt & { readonly workerId: string })[];
  /** Other processes of the queue on this host. */
  readonly neighbours: readonly string[];
}

/** Decodes the reply of the script `beat`. */
export function decodeBeatReply(reply: unknown): BeatReply {
  const [fenced, stuck, lockTtlMs, flat, neighbours] = reply as [
    string[],
    string[],
    number,
    string[],
    string[],
  ];
  const cancelled: BeatReply['cancelled'][number][] = [];
  for (let i = 0; i + 3 < flat.length; i += 4) {
    const [workerId = '', jobId = '', attempt, seq = ''] = flat.slice(i, i + 4);
    cancelled.push({ workerId, jobId, attempt: Number(attempt), seq });
  }
  return { fenced, stuck, lockTtlMs, cancelled, neighbours };
}
