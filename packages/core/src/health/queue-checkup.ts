import { systemClock, type Clock } from '../domain/clock.js';
import { parseLeaderInfo } from '../election/leader-info.js';
import { ObservedLock } from '../election/observed-lock.js';
import { errorName } from '../observability/messages/queue-log.js';
import type { QueueRuntime } from '../module/queue-runtime.js';
import type { QueueSighting } from '../module/queue-sighting.js';
import type { WorkerService } from '../worker/worker-service.js';
import type { ResolvedHealthOptions } from './queue-health-options.js';
import {
  checkOf,
  healthChecks,
  type HealthCheckName,
  type HealthProblem,
  type LeaderHealth,
  type QueueHealth,
} from './queue-health.js';
import { QueueProbe } from './queue-probe.js';

/** What is looked at. */
export interface CheckedQueue extends Pick<QueueRuntime, 'nodeId' | 'options' | 'sight'> {
  readonly workerService: Pick<WorkerService, 'isStarted' | 'hasLease' | 'getWorkerStates'>;
}

const lookAgainMs = 100;

/** Looks after one queue. Remembers when it saw the leader's heartbeat change, by the clock of this instance. */
export class QueueCheckup {
  readonly #probe: QueueProbe;
  readonly #observed: ObservedLock;
  #leaderSeen: { readonly info: string; readonly at: number } | undefined;

  constructor(
    private readonly queue: CheckedQueue,
    private readonly options: ResolvedHealthOptions,
    private readonly clock: Clock = systemClock,
  ) {
    this.#probe = new QueueProbe(queue);
    this.#observed = new ObservedLock(queue.options);
  }

  async check(
    checks: readonly HealthCheckName[] = this.options.checks ?? healthChecks,
  ): Promise<QueueHealth> {
    const { nodeId, options } = this.queue;
    const startedAt = this.clock.nowMs();
    const problems: HealthProblem[] = [];
    const workers = this.#workers();
    if (workers.ready < workers.expected) problems.push('worker-lease-lost');
    const { sighting, latencyMs, error } = await this.#look(startedAt, checks);
    if (sighting === undefined) problems.push('redis-unreachable');
    const leader = sighting === undefined ? null : this.#leader(sighting, problems);
    const health = {
      queue: options.pendingQueueName,
      nodeId,
      role: options.role,
      redis: sighting ? { status: 'up' as const, latencyMs } : { status: 'down' as const, latencyMs, error },
      leader,
      workers,
      oldestWaitingTag: this.#oldest(sighting, problems),
      problems,
    };
    // Without Redis no worker can keep its lease: the check `redis` says so, and a restart of this process would not help.
    const isConsequence = (problem: HealthProblem): boolean =>
      problem === 'worker-lease-lost' && sighting === undefined;
    const isDown = problems.some((problem) => checks.includes(checkOf[problem]) && !isConsequence(problem));
    return Object.freeze({ status: isDown ? 'down' : 'up', ...health });
  }

  /** Looks again for a while when there is no leader: one may be taking over. */
  async #look(
    startedAt: number,
    checks: readonly HealthCheckName[],
  ): Promise<{ sighting?: QueueSighting; latencyMs: number; error: string }> {
    const { timeoutMs } = this.options;
    const takeoverGraceMs = checks.includes('leader') ? this.options.takeoverGraceMs : 0;
    for (;;) {
      const askedAt = this.clock.nowMs();
      const latency = (): number => Math.round(this.clock.nowMs() - askedAt);
      try {
        const sighting = await this.#probe.look(timeoutMs);
        const waited = this.clock.nowMs() - startedAt;
        if (sighting.lockValue !== '' || waited >= takeoverGraceMs)
          return { sighting, latencyMs: latency(), error: '' };
      } catch (error) {
        return { latencyMs: latency(), error: errorName(error) };
      }
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }

  #workers(): QueueHealth['workers'] {
    const { options, workerService } = this.queue;
    if (!workerService.isStarted) return { expected: 0, ready: 0 };
    const ready = workerService.hasLease ? workerService.getWorkerStates().length : 0;
    return { expected: options.workerCount, ready };
  }

  #leader(sighting: QueueSighting, problems: HealthProblem[]): LeaderHealth | null {
    const { lockValue, lockTtlMs: ttlMs, leaderInfo: info, nowMs } = sighting;
    if (lockValue === '') {
      this.#observed.forget();
      problems.push('no-leader');
      return null;
    }
    const now = this.clock.nowMs();
    this.#observed.see({ lockValue, ttlMs, info }, now);
    if (this.#leaderSeen?.info !== info) this.#leaderSeen = { info, at: now };
    if (this.#observed.lifeless(now) !== undefined) problems.push('leader-silent');
    const leader = parseLeaderInfo(info);
    if (leader === null || lockValue !== `${leader.nodeId}:${leader.epoch}`) return null;
    const { nodeId, epoch, startTime, lastHeartbeat } = leader;
    return {
      nodeId,
      epoch,
      startTime,
      lastHeartbeat,
      isSelf: nodeId === this.queue.nodeId,
      ageMs: Math.max(0, nowMs - startTime),
      silentForMs: Math.round(now - this.#leaderSeen.at),
    };
  }

  #oldest(sighting: QueueSighting | undefined, problems: HealthProblem[]): QueueHealth['oldestWaitingTag'] {
    if (sighting === undefined || sighting.oldestTag === null) return null;
    const waitingMs = sighting.nowMs - sighting.oldestSinceMs;
    const limitMs = this.options.maxTagWaitMs(this.queue.options.pendingQueueName);
    if (limitMs > 0 && waitingMs > limitMs) problems.push('tag-waits-too-long');
    return { identifyTag: sighting.oldestTag, waitingMs };
  }
}
