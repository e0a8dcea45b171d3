/**
 * Who schedules: the content of `scheduler:leader:info`.
 *
 * @publicApi
 */
export interface LeaderInfo {
  readonly nodeId: string;
  readonly hostname: string;
  readonly processId: number;
  /** Number of the leadership; rises with every one. */
  readonly epoch: number;
  /** When it became leader, ms since the epoch by its own clock. */
  readonly startTime: number;
  /** Its latest renewal, ms since the epoch by its own clock. */
  readonly lastHeartbeat: number;
  /** Counts renewals. Followers watch it change; they do not compare clocks. */
  readonly heartbeats: number;
}

export function parseLeaderInfo(text: string | null): LeaderInfo | null {
  return text === null || text === '' ? null : (JSON.parse(text) as LeaderInfo);
}
