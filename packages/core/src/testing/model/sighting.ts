import type { LeaderInfo } from '../../election/leader-info.js';
import type { QueueSighting } from '../../module/queue-sighting.js';
import type { QueueState } from './queue-state.js';

/** Who leads and what waits longest: what the script `getHealth` says. */
export function sighting(
  state: QueueState,
  leader: LeaderInfo | null,
  electionLockTtlMs: number,
  nowMs: number,
): QueueSighting {
  const [oldest] = firstWaiting(state)
    .flatMap((jobId) => state.tasks.get(jobId) ?? [])
    .map(({ identifyTag, timestampMs, delayMs, processedOnMs = 0 }) => ({
      identifyTag,
      sinceMs: Math.max(timestampMs + delayMs, processedOnMs),
    }))
    .sort((one, other) => one.sinceMs - other.sinceMs);
  return {
    lockValue: leader === null ? '' : `${leader.nodeId}:${leader.epoch}`,
    lockTtlMs: leader === null ? -2 : electionLockTtlMs,
    leaderInfo: leader === null ? '' : JSON.stringify(leader),
    nowMs,
    oldestTag: oldest?.identifyTag ?? null,
    oldestSinceMs: Math.min(oldest?.sinceMs ?? 0, nowMs),
  };
}

function firstWaiting(state: QueueState): string[] {
  const firsts = state.ring.map((identifyTag) => state.tags.get(identifyTag)?.ids[0]);
  return [...firsts, state.wait[0]].filter((jobId) => jobId !== undefined);
}
