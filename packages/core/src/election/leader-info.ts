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

/** @returns `null` for no info, and for one that is none (the key is documented, and can be edited by hand) */
export function parseLeaderInfo(text: string | null): LeaderInfo | null {
  if (text === null || text === '') return null;
  try {
    const info = JSON.parse(text) as Partial<LeaderInfo> | null;
    return typeof info?.nodeId === 'string' ? (info as LeaderInfo) : null;
  } catch {
    return null;
  }
}
