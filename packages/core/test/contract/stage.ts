import type {
  BulkTask,
  Job,
  QueueEvent,
  QueueModuleOptions,
  TaskContext,
  TaskOptions,
} from '../../src/index.js';
import { gate } from '../support/until.js';
import type { ContractQueue, ContractSystem } from './system.js';

/** One run of the handler. */
export interface ContractRun extends Pick<
  TaskContext,
  'identifyTag' | 'workerId' | 'attempt' | 'batchPosition' | 'fencingToken'
> {
  readonly jobId: string;
  readonly payload: unknown;
  readonly startedAtMs: number;
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/**
 * What a task of the stage does: 'hold' lasts until the gate opens, 'fail' throws, 'hold and fail' does both, 'fail once' and
 * 'fail twice' throw in their first attempts, 'until aborted' ends by its signal; anything else is done at once.
 */
export const task = (identifyTag: string, payload: unknown = 'go', options?: TaskOptions): BulkTask => ({
  type: 'note',
  identifyTag,
  payload,
  ...(options && { options }),
});

const failures: Record<string, number> = {
  'fail once': 1,
  'fail twice': 2,
  fail: 1_000,
  'hold and fail': 1_000,
};

export interface Stage extends ContractQueue {
  readonly runs: ContractRun[];
  readonly open: () => void;
  add(identifyTag: string, payload?: unknown, options?: TaskOptions): Promise<Job>;
  addAll(tasks: readonly BulkTask[]): Promise<Job[]>;
  /** A task that runs until the gate opens. */
  hold(identifyTag: string): Promise<Job>;
  /** The results of tasks, once they have ended. */
  finished(...jobs: (Job | string)[]): Promise<unknown[]>;
  payloads(identifyTag?: string): unknown[];
  /** Payloads by batch, in the order in which the batches began. */
  batches(): unknown[][];
  collect(): Promise<QueueEvent[]>;
}

/** One worker, unless the options say otherwise. */
export async function startStage(system: ContractSystem, options: QueueModuleOptions = {}): Promise<Stage> {
  const runs: ContractRun[] = [];
  const held = gate();
  const application = await system.start(options, (workers) => {
    workers.registerHandler('note', async (payload: unknown, context) => {
      const { identifyTag, workerId, attempt, batchPosition, fencingToken } = context;
      const about = { identifyTag, workerId, attempt, batchPosition, fencingToken };
      runs.push({ ...about, jobId: context.job.id!, payload, startedAtMs: system.nowMs() });
      if (payload === 'hold' || payload === 'hold and fail') await held.promise;
      if (payload === 'until aborted') await aborted(context.signal);
      if (attempt <= (failures[String(payload)] ?? 0)) throw new Error('as it was told');
      return payload;
    });
  });
  const { queue } = application;
  const add: Stage['add'] = (identifyTag, payload = 'go', taskOptions) =>
    queue.add({ type: 'note', identifyTag, payload }, taskOptions);
  const payloads: Stage['payloads'] = (identifyTag) =>
    runs
      .filter((run) => identifyTag === undefined || run.identifyTag === identifyTag)
      .map(({ payload }) => payload);
  return {
    ...application,
    runs,
    open: held.open,
    add,
    payloads,
    addAll: (tasks) => queue.addBulk(tasks),
    async hold(identifyTag) {
      const before = runs.length;
      const job = await add(identifyTag, 'hold');
      await system.until('it runs', () => runs.length > before);
      return job;
    },
    finished: (...jobs) =>
      system.settled(Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 10_000)))),
    batches: () =>
      [...new Set(runs.map(({ fencingToken }) => fencingToken))].map((token) =>
        runs.filter(({ fencingToken }) => fencingToken === token).map(({ payload }) => payload),
      ),
    collect: () => collect(system, application),
  };
}

async function aborted(signal: AbortSignal): Promise<never> {
  await new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', resolve);
  });
  throw signal.reason;
}

/** Subscribes, and returns once events arrive: what happens before the subscription has reached Redis is not seen. */
async function collect(system: ContractSystem, { queue }: ContractQueue): Promise<QueueEvent[]> {
  const events: QueueEvent[] = [];
  queue.events$.subscribe((event) => events.push(event));
  await system.until('events arrive', async () => {
    const sign = await queue.add(task('sign'), { delay: 600_000 });
    await queue.remove(sign.id!);
    return events.length > 0;
  });
  return events;
}
