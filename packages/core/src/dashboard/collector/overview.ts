import { parseLeaderInfo } from '../../election/leader-info.js';
import type { QueueContext } from '../../redis/queue-context.js';

/** Who leads. */
export interface LeaderView {
  readonly nodeId: string;
  readonly hostname: string;
  readonly processId: number;
  /** ms since the epoch, by the leader's clock. */
  readonly since: number;
  /** How long the lock lasts if it is not renewed; -1: it does not expire. */
  readonly leaseMs: number;
  /** Counts renewals. */
  readonly heartbeats: number;
  /** ms since the epoch, by the leader's clock. */
  readonly lastHeartbeat: number;
}

export interface RunningTaskView {
  readonly jobId: string;
  readonly type: string;
  readonly attempt: number;
  /** ms since the epoch, by the worker's clock. */
  readonly since: number;
}

export interface WorkerView {
  readonly workerId: string;
  readonly nodeId: string;
  readonly hostname: string;
  readonly processId: number;
  readonly heartbeats: number;
  /** ms since the epoch, by the worker's clock. */
  readonly lastHeartbeat: number;
  /** `null`: idle. */
  readonly tag: string | null;
  /** Tasks of its batch. */
  readonly batchSize: number;
  /** How many of these have been started. */
  readonly batchPosition: number;
  readonly task: RunningTaskView | null;
  /** Tag of its look-ahead. */
  readonly nextTag: string | null;
  readonly nextSize: number;
  readonly leaving: boolean;
}

export interface TagView {
  readonly tag: string;
  /** Indexed or dispatched, not running. */
  readonly waiting: number;
  /** When its next task was added, ms since the epoch; `null` where none waits. */
  readonly oldestSince: number | null;
  readonly workerIds: readonly string[];
  /** End of its back-off, ms since the epoch. */
  readonly parkedUntil: number | null;
  readonly paused: boolean;
}

/** Leader, workers and tags at one moment. */
export interface Overview {
  /** By Redis' clock, ms since the epoch. */
  readonly now: number;
  readonly leader: LeaderView | null;
  readonly workers: readonly WorkerView[];
  readonly tags: readonly TagView[];
  /** Of all tags, also those that are not listed. */
  readonly tagCounts: { readonly ready: number; readonly parked: number; readonly paused: number };
}

const maxWorkers = 300;
const maxTags = 100;
const maxTypeBytes = 200;

/** Reads a bounded part of what there is. */
export async function readOverview({ scripts, keys }: QueueContext): Promise<Overview> {
  const args = [maxWorkers, maxTags, maxTypeBytes];
  return decodeOverview(await scripts.run('getOverview', { keys: [keys.leaderInfo], args }));
}

type Text = string | null;
type WorkerReply = [
  string,
  string,
  string,
  Text,
  string,
  string,
  Text,
  string,
  string,
  string,
  Text,
  string,
  0 | 1,
];
type TagReply = [string, number, Text, string, Text, 0 | 1];
type Reply = [string, string, number, string, [number, number, number], WorkerReply[], TagReply[]];

export function decodeOverview(reply: unknown): Overview {
  const [now, lockValue, leaseMs, leaderInfo, [ready, parked, paused], workers, tags] = reply as Reply;
  return {
    now: Number(now),
    leader: decodeLeader(lockValue, leaseMs, leaderInfo),
    workers: workers.map(decodeWorker),
    tags: tags.map(decodeTag),
    tagCounts: { ready, parked, paused },
  };
}

function decodeLeader(lockValue: string, leaseMs: number, text: string): LeaderView | null {
  if (lockValue === '') return null;
  const info = parseLeaderInfo(text);
  const isHolder = info !== null && lockValue === `${info.nodeId}:${info.epoch}`;
  return {
    nodeId: lockValue.replace(/:\d+$/, ''),
    hostname: isHolder ? info.hostname : '',
    processId: isHolder ? info.processId : 0,
    since: isHolder ? info.startTime : 0,
    leaseMs,
    heartbeats: isHolder ? info.heartbeats : 0,
    lastHeartbeat: isHolder ? info.lastHeartbeat : 0,
  };
}

function decodeWorker(reply: WorkerReply): WorkerView {
  const [
    workerId,
    entry,
    heartbeats,
    tag,
    batchSize,
    started,
    jobId,
    attempt,
    type,
    since,
    nextTag,
    nextSize,
    leaving,
  ] = reply;
  const { nodeId, hostname, processId, lastHeartbeat } = parseEntry(entry);
  return {
    workerId,
    nodeId: typeof nodeId === 'string' ? nodeId : workerId.replace(/-\d+$/, ''),
    hostname: typeof hostname === 'string' ? hostname : '',
    processId: Number(processId ?? 0),
    heartbeats: Number(heartbeats),
    lastHeartbeat: Number(lastHeartbeat ?? 0),
    tag,
    batchSize: Number(batchSize),
    batchPosition: Number(started),
    task: jobId === null ? null : { jobId, type, attempt: Number(attempt), since: Number(since) },
    nextTag,
    nextSize: Number(nextSize),
    leaving: leaving === 1,
  };
}

/** The registry is documented, and can be edited by hand. */
function parseEntry(text: string): Record<string, unknown> {
  try {
    const entry = JSON.parse(text) as unknown;
    return typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function decodeTag([tag, waiting, oldestSince, owners, parkedUntil, paused]: TagReply): TagView {
  return {
    tag,
    waiting,
    oldestSince: oldestSince === null ? null : Number(oldestSince),
    workerIds: [...new Set(owners.split(' ').filter((id) => id !== ''))],
    parkedUntil: parkedUntil === null ? null : Number(parkedUntil),
    paused: paused === 1,
  };
}
