import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { composeScripts } from '../../../src/bullmq/bullmq-scripts.js';
import { checkHistoryFiles } from '../../../src/history/checker/check-files.js';
import type { HistoryReport } from '../../../src/history/checker/report.js';
import { readWitness } from '../../../src/history/read-witness.js';
import { HistoryRecorder } from '../../../src/history/recorder/history-recorder.js';
import { QueueRecorder } from '../../../src/history/recorder/queue-recorder.js';
import { OpenAttempts } from '../../../src/history/recorder/record-attempts.js';
import { recordLeadership } from '../../../src/history/recorder/record-leadership.js';
import { recordOutcomes } from '../../../src/history/recorder/record-outcomes.js';
import type { LuaScriptName } from '../../../src/redis/generated/lua-sources.js';
import { layoutVersion } from '../../../src/redis/queue-keys.js';
import { ScriptRunner, type LuaScript } from '../../../src/redis/script-runner.js';
import {
  Harness,
  type ChainedCall,
  type RetryOptions,
  type Taken,
} from '../../integration/scripts/support/harness.js';
import { uniqueName } from '../redis.js';
import { bounds } from './a-history.js';

export const maxBatchSize = 3;
/** Of leaders and workers; what waits for it waits as long. */
export const leaseMs = 500;
const ttlMs = 60_000;

/**
 * A queue whose scripts are called as producers, leaders and workers would, each in a process of its own that records its
 * history; nothing runs by itself. The files and the witness stream are what the checker is given in the end.
 */
export class RecordedQueue {
  readonly harness: Harness;
  readonly #folder = mkdtempSync(join(tmpdir(), 'history-'));
  readonly #processes = new Map<
    string,
    { recorder: HistoryRecorder; queue: QueueRecorder; attempts: OpenAttempts }
  >();
  readonly #held = new Map<string, Taken>();
  #calls = 0;

  constructor(
    private readonly redis: Redis,
    sources: Readonly<Record<LuaScriptName, LuaScript>>,
  ) {
    const runner = new ScriptRunner<LuaScriptName>(redis, 10_000, composeScripts(sources));
    this.harness = new Harness(redis, uniqueName(), runner);
    this.harness.scripts.observe((name, call) => {
      const caller = call.caller ?? '';
      const process = name === 'acquireLeadership' ? caller : caller.split(':')[0]!;
      const { queue, attempts } = this.#process(process || 'producer');
      return recordOutcomes(name, call, queue, attempts) ?? recordLeadership(name, call, queue);
    });
  }

  async add(tag: string, ...ids: string[]): Promise<void> {
    for (const id of ids) await this.#recordAdd(tag, id, () => this.harness.addMany(tag, id));
  }

  /** As `QueueService.add` does: by a script of the library. */
  async addAtOnce(tag: string, id: string): Promise<void> {
    await this.#recordAdd(tag, id, () => this.harness.addAtOnce(tag, id));
  }

  /** As a producer of many tasks does. @returns the chain that the call was granted, if any */
  async addOnChain(call: ChainedCall, tag: string, id: string): Promise<string> {
    let granted: string | undefined;
    await this.#recordAdd(tag, id, async () => {
      granted = await this.harness.addOnChain(call, tag, id);
    });
    return granted ?? '';
  }

  /** @param over - takes the lock from a holder that shows no life */
  async elect(node: string, over = ''): Promise<string> {
    const info = over === '' ? '' : ((await this.redis.get(this.harness.keys.leaderInfo)) ?? '');
    const { electionEpoch, leaderInfo, electionVacancy } = this.harness.keys;
    const args = [ttlMs, `{"nodeId":"${node}","epoch":__EPOCH__}`, over, layoutVersion, info];
    const keys = [electionEpoch, leaderInfo, electionVacancy];
    const reply = await this.harness.run('acquireLeadership', { caller: node, keys, args });
    return String((reply as string[])[1]);
  }

  async renew(leader: string): Promise<void> {
    const { electionEpoch, leaderInfo } = this.harness.keys;
    const call = { caller: leader, keys: [electionEpoch, leaderInfo], args: [ttlMs, '{}'] };
    await refusable(this.harness.run('renewLeadership', call));
  }

  async resign(leader: string): Promise<void> {
    const { electionEpoch, leaderInfo, electionVacancy } = this.harness.keys;
    const keys = [electionEpoch, leaderInfo, electionVacancy];
    await refusable(this.harness.run('resignLeadership', { caller: leader, keys }));
  }

  async register(...workers: string[]): Promise<void> {
    for (const worker of workers) this.#process(worker);
    await this.harness.register(...workers);
  }

  async registerVisibly(...workers: string[]): Promise<void> {
    for (const worker of workers) this.#process(worker);
    await this.harness.registerVisibly(...workers);
  }

  /** Somebody says that a process is dead: the worker's, or another one that is given by its pid and start time. */
  async reportDeath(worker: string, process?: string): Promise<void> {
    await this.harness.reportDeath(worker, { process });
  }

  async dispatch(leader: string): Promise<void> {
    await refusable(this.harness.dispatch({ leader, maxBatchSize }));
  }

  /** A worker takes a task and begins its handler. @returns its id */
  async start(worker: string): Promise<string | undefined> {
    const taken = await refusable(this.harness.takeReply(worker));
    if (typeof taken !== 'object') return undefined;
    this.#begin(worker, taken);
    return taken.id;
  }

  /** The handler of a worker ends, and the worker tells so. */
  async end(
    worker: string,
    how: 'completed' | 'failed' | 'retried' = 'completed',
    retry: RetryOptions = {},
  ): Promise<void> {
    const task = this.#held.get(worker);
    if (task === undefined) return;
    this.#held.delete(worker);
    const { queue } = this.#process(worker);
    const about = { ...attempt(worker, task), aborted: false };
    queue.record('task.ended', { ...about, result: how === 'completed' ? 'returned' : 'threw' });
    if (how === 'retried') await refusable(this.harness.retry(worker, task, retry));
    else await refusable(this.harness.commit(worker, task, { failed: how === 'failed' }));
  }

  /** The process of a worker or leader is killed. */
  kill(process: string): void {
    this.#process('producer').queue.record('fault', { kind: 'kill', target: process });
  }

  /** For longer than its lease. */
  freeze(process: string): void {
    const fault = { kind: 'freeze', target: process, durationMs: 10 * leaseMs } as const;
    this.#process('producer').queue.record('fault', fault);
  }

  async beat(...workers: string[]): Promise<void> {
    const args = workers.flatMap((worker) => [worker, 0, '{}']);
    await this.harness.run('beat', { caller: `${this.harness.name}-node`, args });
  }

  async recover(leader: string, worker: string, beat = '0'): Promise<void> {
    await refusable(this.harness.recover(worker, { leader, beat }));
  }

  async leave(worker: string): Promise<void> {
    await refusable(this.harness.run('leaveWorker', { caller: worker }));
  }

  async retire(worker: string): Promise<void> {
    await this.harness.retire(worker);
  }

  /** Whatever is left runs on these workers; then they go, and the leader resigns. */
  async drain(leader: string, ...workers: string[]): Promise<void> {
    for (let idle = 0; idle < 3; idle += 1) {
      await this.dispatch(leader);
      for (const worker of workers) {
        await this.end(worker);
        for (let id = await this.start(worker); id !== undefined; id = await this.start(worker)) {
          idle = 0;
          await this.end(worker);
        }
      }
    }
    const { queue } = this.#process('producer');
    queue.record('drained', {});
    for (const worker of workers) await this.retire(worker);
    await this.resign(leader);
    queue.record('keys.left', { keys: await this.#ownKeys() });
  }

  /** A follower waits for the lock to become free, as it does at a blocking pop, so long at most. */
  async untilVacancy(ms: number): Promise<void> {
    await this.redis.bzpopmin(this.harness.keys.electionVacancy, ms / 1_000);
  }

  async clear(): Promise<void> {
    await this.harness.clear();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async check(): Promise<HistoryReport> {
    for (const { recorder } of this.#processes.values()) recorder.close();
    const witness = readWitness(this.redis, this.harness.pendingQueueName);
    return checkHistoryFiles(this.#folder, { queue: this.harness.pendingQueueName, witness });
  }

  async #ownKeys(): Promise<string[]> {
    const own = await this.harness.allKeys();
    const waits = [this.harness.keys.marker, this.harness.marker];
    return own.filter((key) => !waits.includes(key));
  }

  async #recordAdd(tag: string, task: string, add: () => Promise<void>): Promise<void> {
    const { queue } = this.#process('producer');
    const call = `${++this.#calls}`;
    queue.record('add.invoked', { call, task, tag });
    await add();
    queue.record('add.acknowledged', { call, task });
  }

  #begin(worker: string, task: Taken): void {
    this.#held.set(worker, task);
    const { queue, attempts } = this.#process(worker);
    const about = attempt(worker, task);
    attempts.add(about);
    queue.record('task.started', { ...about, position: task.position });
  }

  #process(id: string): { recorder: HistoryRecorder; queue: QueueRecorder; attempts: OpenAttempts } {
    let process = this.#processes.get(id);
    if (process === undefined) {
      const file = join(this.#folder, `${id}.history.jsonl`);
      const recorder = new HistoryRecorder({ file, process: id, node: id });
      const queue = new QueueRecorder(recorder, this.harness.pendingQueueName, id);
      queue.record('queue.opened', {
        ...bounds,
        node: id,
        maxBatchSize,
        lockTtlMs: leaseMs,
        heartbeatTimeoutMs: leaseMs,
        role: id.startsWith('l') ? 'SCHEDULER' : 'WORKER',
      });
      process = { recorder, queue, attempts: new OpenAttempts() };
      this.#processes.set(id, process);
    }
    return process;
  }
}

function attempt(
  worker: string,
  { id, tag, fence, attempt: number }: Taken,
): { task: string; tag: string; worker: string; token: number; attempt: number } {
  return { task: id, tag, worker, token: Number(fence), attempt: Number(number) };
}

/** A refusal is what the caller is to be told; the history has it. */
async function refusable<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (String((error as { code?: unknown }).code).startsWith('AFFINITY_')) return undefined;
    throw error;
  }
}
