import type { RegisteredWorker } from '../../bullmq/registered-workers.js';
import {
  explainIn,
  type ExplanationDetails,
  type ExplanationReason,
  type WorkerFacts,
} from '../../observability/messages/explanations/index.js';
import type { TaskFacts, TaskPlace } from './explain-reply.js';
import type { TaskExplanation } from './task-explanation.js';

/** A reason with its details, before the texts are made of it. */
type Finding = {
  [Reason in ExplanationReason]: {
    readonly reason: Reason;
    readonly details: ExplanationDetails[Reason];
  };
}[ExplanationReason];

const stateOf: Readonly<Record<TaskPlace, TaskExplanation['state']>> = {
  none: 'unknown',
  lost: 'unknown',
  completed: 'completed',
  failed: 'failed',
  delayed: 'delayed',
  'waiting-children': 'waiting-children',
  running: 'active',
  active: 'active',
  dispatched: 'waiting',
  ahead: 'waiting',
  indexed: 'waiting',
  added: 'waiting',
  prioritized: 'waiting',
};

/** BullMQ scores a delayed job with (ms of its due time) * 4096 + a sequence number. */
const delayedScale = 4_096;

/** Makes an explanation of what the script found, and of what the registered workers say about themselves. */
export function explainTask(
  jobId: string,
  facts: TaskFacts,
  workers: readonly RegisteredWorker[],
): TaskExplanation {
  const { reason, details } = new Inquiry(facts, workers).find();
  const identifyTag = facts.text('tag') ?? null;
  const at = facts.number('now') || Date.now();
  const params = { ...details, jobId, identifyTag: identifyTag ?? '', now: at };
  return {
    jobId,
    state: stateOf[facts.place],
    type: facts.text('name') ?? null,
    identifyTag,
    at,
    reason,
    details,
    // The parameters belong to the reason: both are of one finding.
    text: explainIn(reason, params as never),
  } as TaskExplanation;
}

/** Goes through what can hold a task up, what holds everything up first. */
class Inquiry {
  readonly #now: number;
  readonly #type: string;
  readonly #lastFailure: string | null;
  readonly #tagsBefore: number;

  constructor(
    private readonly facts: TaskFacts,
    private readonly workers: readonly RegisteredWorker[],
  ) {
    this.#now = facts.number('now');
    this.#type = facts.text('name') ?? '';
    this.#lastFailure = facts.text('failedReason') ?? null;
    this.#tagsBefore = facts.number('tagsBefore');
  }

  find(): Finding {
    const { facts } = this;
    switch (facts.place) {
      case 'none':
        return { reason: 'not-found', details: {} };
      case 'lost':
        return { reason: 'lost', details: {} };
      case 'completed':
        return { reason: 'completed', details: { finishedAt: facts.number('finishedOn') } };
      case 'failed':
        return {
          reason: 'failed',
          details: {
            finishedAt: facts.number('finishedOn'),
            attemptsMade: facts.number('made'),
            failedReason: this.#lastFailure ?? '',
          },
        };
      case 'waiting-children':
        return { reason: 'waiting-children', details: { children: facts.number('children') } };
      case 'running':
        return this.#running();
      case 'active':
        return { reason: 'running-elsewhere', details: { since: facts.number('processedOn') } };
      case 'delayed':
        return this.#delayed();
      case 'dispatched':
      case 'ahead':
        return this.#queuePaused() ?? this.#dispatched();
      case 'indexed':
        return this.#queuePaused() ?? this.#held() ?? this.#noLeader() ?? this.#indexed();
      case 'added':
      case 'prioritized':
        return (
          this.#queuePaused() ??
          this.#noLeader() ?? { reason: 'not-taken-in', details: { tasksBefore: this.#tasksBefore } }
        );
    }
  }

  #running(): Finding {
    const since = this.facts.number('processedOn');
    const attempt = this.facts.number('started');
    return { reason: 'running', details: { ...this.#worker(), since, attempt } };
  }

  #delayed(): Finding {
    const until = Math.floor(this.facts.number('score') / delayedScale);
    const overdue = until < this.#now ? (this.#queuePaused() ?? this.#noLeader()) : undefined;
    const schedule = this.facts.text('schedule') ?? null;
    const details = { until, failedReason: this.#lastFailure, schedule };
    return overdue ?? { reason: 'delayed', details };
  }

  #dispatched(): Finding {
    const { facts } = this;
    const limitedMs = facts.number('limitedMs');
    if (limitedMs > 0) return { reason: 'rate-limited', details: { until: this.#now + limitedMs } };
    const worker = this.#worker();
    const noHandler = this.#noHandler([worker.workerId]) ?? this.#markedFailed();
    if (noHandler !== undefined) return noHandler;
    const owner = facts.owners.find(({ workerId }) => workerId === worker.workerId);
    const position = facts.position ?? 0;
    return facts.place === 'dispatched'
      ? { reason: 'in-batch', details: { ...worker, position, running: owner?.running ?? null } }
      : { reason: 'in-next-batch', details: { ...worker, position, currentTag: owner?.tag ?? null } };
  }

  /** By its own tag. */
  #held(): Finding | undefined {
    const { facts } = this;
    const tasksBefore = this.#tasksBefore;
    if (facts.number('tagPaused') === 1) return { reason: 'tag-paused', details: { tasksBefore } };
    const until = facts.number('parkedUntil');
    if (until === 0) return undefined;
    return { reason: 'tag-parked', details: { until, tasksBefore, failedReason: this.#lastFailure } };
  }

  #indexed(): Finding {
    const { facts } = this;
    const workers = facts.number('workers');
    if (workers === 0) return { reason: 'no-workers', details: {} };
    const owners = facts.owners.map(({ workerId }) => workerId);
    const tagsBefore = this.#tagsBefore;
    const bound = owners.length > 0 && owners.length >= facts.number('limit');
    const nobody = this.#noHandler(bound ? owners : []) ?? this.#markedFailed();
    if (nobody !== undefined) return nobody;
    const tasksBefore = this.#tasksBefore;
    if (bound) {
      const batchSize = Math.max(...facts.owners.map((owner) => owner.batchSize));
      const held = facts.owners.reduce((sum, { waiting, running }) => sum + waiting + (running ? 1 : 0), 0);
      return {
        reason: 'tag-bound',
        details: { workerIds: owners, tasksBefore: tasksBefore + held, batchSize },
      };
    }
    const limit = facts.number('concurrency');
    const idle = facts.number('idle');
    if (limit > 0 && workers - idle >= limit)
      return { reason: 'concurrency-limit', details: { limit, tagsBefore } };
    return idle === 0
      ? { reason: 'workers-busy', details: { workers, tagsBefore, tasksBefore } }
      : { reason: 'being-bound', details: { tagsBefore, tasksBefore } };
  }

  #queuePaused(): Finding | undefined {
    return this.facts.number('queuePaused') === 1 ? { reason: 'queue-paused', details: {} } : undefined;
  }

  #noLeader(): Finding | undefined {
    return this.facts.text('lock') === undefined ? { reason: 'no-leader', details: {} } : undefined;
  }

  #markedFailed(): Finding | undefined {
    const failedReason = this.facts.text('deferred');
    return failedReason === undefined ? undefined : { reason: 'marked-failed', details: { failedReason } };
  }

  /** Only where every worker that could run it says what it has handlers for. */
  #noHandler(workerIds: readonly string[]): Finding | undefined {
    const able =
      workerIds.length === 0
        ? this.workers
        : this.workers.filter(({ workerId }) => workerIds.includes(workerId));
    const silent = able.some(({ types }) => types === undefined);
    const types = able.flatMap((worker) => worker.types ?? []);
    if (able.length === 0 || silent || types.includes(this.#type)) return undefined;
    const registeredTypes = [...new Set(types)].sort();
    return { reason: 'no-handler', details: { type: this.#type, workerIds, registeredTypes } };
  }

  #worker(): WorkerFacts {
    const workerId = this.facts.worker ?? '';
    const worker = this.workers.find((candidate) => candidate.workerId === workerId);
    return { workerId, lastHeartbeat: worker?.lastHeartbeat ?? null };
  }

  /** In its list: in its tag, or among what was added. */
  get #tasksBefore(): number {
    const { facts } = this;
    if (facts.position !== undefined) return facts.position - 1;
    return facts.place === 'indexed' ? facts.number('tagLength') : 0;
  }
}
