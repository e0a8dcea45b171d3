import type { Job, JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type {
  QueueModuleOptions,
  QueueService,
  TaskContext,
  TaskOptions,
  WorkerService,
} from '../../../../src/index.js';
import { startInstance, type TestInstance } from '../../../support/app.js';
import { connect, uniqueName } from '../../../support/redis.js';
import { until } from '../../../support/until.js';

/** Where a task can be. BullMQ calls the first five of these `waiting`. */
export const places = [
  'added',
  'indexed',
  'dispatched',
  'lookedAhead',
  'parked',
  'running',
  'delayed',
  'completed',
  'failed',
] as const;
export type Place = (typeof places)[number];
export const waitingPlaces = ['added', 'indexed', 'dispatched', 'lookedAhead', 'parked'] as const;

/**
 * Leases that outlast any pause of a busy machine: these tests are not about failures. And no clock helps: what is not woken
 * when there is something to do sleeps longer than any test waits.
 */
const calmElection = { electionLockTtl: 120_000, heartbeatInterval: 30_000, heartbeatTimeout: 120_000 };
const calmScheduler = { schedulerInterval: 60_000 };
const hourMs = 3_600_000;

/** What ends a held task: its result, or its error. */
type Outcome = { result?: unknown } | { error: Error };

/** Tasks of type `hold` run until they are told how to end. */
export class Holds {
  readonly #running = new Map<string, { context: TaskContext; end: (outcome: Outcome) => void }>();

  register(workers: WorkerService): void {
    workers.registerHandler('hold', async (_payload, context) => {
      const outcome = await new Promise<Outcome>((resolve) => {
        this.#running.set(context.job.id!, { context, end: resolve });
      });
      if ('error' in outcome) throw outcome.error;
      return outcome.result;
    });
  }

  /** The context of a held task, once it runs. */
  async context(jobId: string): Promise<TaskContext> {
    return (await until(`${jobId} runs`, () => this.#running.get(jobId))).context;
  }

  async end(jobId: string, outcome: Outcome = {}): Promise<void> {
    const held = await until(`${jobId} runs`, () => this.#running.get(jobId));
    this.#running.delete(jobId);
    held.end(outcome);
  }

  /** Lets all that are held now end. */
  endAll(): void {
    for (const { end } of this.#running.values()) end({});
    this.#running.clear();
  }
}

/** One application on a queue of its own, and eyes for what lies in Redis. */
export class Bench {
  readonly holds = new Holds();
  readonly redis: Redis = connect();
  instance!: TestInstance;

  private constructor(readonly name: string) {}

  static async start(
    options: QueueModuleOptions = {},
    register: (workers: WorkerService) => void = () => undefined,
    name = uniqueName(),
  ): Promise<Bench> {
    const bench = new Bench(name);
    open.add(bench);
    bench.instance = await startInstance(
      {
        name,
        ...options,
        workerOptions: { shutdownTimeout: 2_000, ...options.workerOptions },
        queueOptions: { ...calmScheduler, ...options.queueOptions },
        electionOptions: { ...calmElection, ...options.electionOptions },
      },
      (workers) => {
        bench.holds.register(workers);
        workers.registerHandler('echo', (payload: unknown) => payload);
        workers.registerHandler('fail', (message: string) => {
          throw new Error(message);
        });
        register(workers);
      },
    );
    return bench;
  }

  get service(): QueueService {
    return this.instance.queue;
  }

  /** BullMQ's queue. */
  get queue(): Queue {
    return this.instance.queue.queue;
  }

  get pendingQueueName(): string {
    return `${this.name}-pending`;
  }

  add(type: string, identifyTag: string, payload?: unknown, options?: TaskOptions): Promise<Job> {
    return this.service.add({ type, identifyTag, payload }, options);
  }

  /** As another producer adds, through BullMQ: until the leader takes it in, the task lies in `wait`. */
  addForeign(type: string, identifyTag: string, payload?: unknown, options?: JobsOptions): Promise<Job> {
    return this.queue.add(type, { identifyTag, payload }, options);
  }

  /** Adds tasks of one tag so that the leader finds them all at once. */
  async addTogether(type: string, identifyTag: string, count: number): Promise<Job[]> {
    this.instance.scheduler.stop();
    const tasks = Array.from({ length: count }, (_, n) => ({ type, identifyTag, payload: n }));
    const jobs = await this.service.addBulk(tasks);
    this.instance.scheduler.start();
    return jobs;
  }

  key(suffix: string): string {
    return `bull:${this.pendingQueueName}:${suffix}`;
  }

  workerKey(workerId: string, suffix: string): string {
    return `bull:${this.name}-worker-${workerId}:${suffix}`;
  }

  get workerIds(): string[] {
    return this.instance.workers.getWorkerStates().map(({ workerId }) => workerId);
  }

  /** Where Redis has a task. */
  async placeOf(id: string): Promise<Place | 'nowhere'> {
    const { redis } = this;
    const inList = async (key: string): Promise<boolean> => (await redis.lpos(key, id)) !== null;
    const inSet = async (suffix: string): Promise<boolean> =>
      (await redis.zscore(this.key(suffix), id)) !== null;
    if (await inList(this.key('wait'))) return 'added';
    if (await inList(this.key('active'))) return 'running';
    for (const state of ['delayed', 'completed', 'failed'] as const) if (await inSet(state)) return state;
    for (const workerId of this.workerIds) {
      if (await inList(this.workerKey(workerId, 'wait'))) return 'dispatched';
      if (await inList(this.workerKey(workerId, 'next'))) return 'lookedAhead';
    }
    if (!(await inSet('aff:seq'))) return 'nowhere';
    const { identifyTag } = JSON.parse((await redis.hget(this.key(id), 'data'))!) as { identifyTag: string };
    return (await redis.zscore(this.key('aff:parked'), identifyTag)) === null ? 'indexed' : 'parked';
  }

  /** The entries of the event stream with this name, and when Redis wrote them. */
  async events(name: string): Promise<(Record<string, string> & { readonly atMs: number })[]> {
    const entries = await this.redis.xrange(this.key('events'), '-', '+');
    return entries
      .map(([id, flat]) => {
        const fields: Record<string, string> = {};
        for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i]!] = flat[i + 1]!;
        return Object.assign(fields, { atMs: Number(id.split('-')[0]) });
      })
      .filter(({ event }) => event === name);
  }

  async untilAt(place: Place | 'nowhere', ...jobs: Job[]): Promise<void> {
    for (const { id } of jobs) {
      await until(`${id} is ${place}`, async () => (await this.placeOf(id!)) === place);
    }
  }

  /** Runs short tasks until the worker counts as one that runs short tasks, and gets look-aheads. */
  async makeWorkerFast(): Promise<void> {
    const [workerId] = this.workerIds;
    await until('the worker runs short tasks', async () => {
      const job = await this.add('echo', 'warm-up', 0, { removeOnComplete: true });
      await until('the warm-up ends', async () => (await this.placeOf(job.id!)) === 'nowhere');
      return (await this.redis.hget(this.workerKey(workerId!, 'meta'), 'short')) === '1';
    });
  }

  async close(): Promise<void> {
    open.delete(this);
    this.holds.endAll();
    await this.instance?.close();
    this.redis.disconnect();
  }
}

const open = new Set<Bench>();

/** For `afterEach`. */
export async function closeBenches(): Promise<void> {
  await Promise.all([...open].map((bench) => bench.close()));
}

export type Placed = Record<Place, [Job, Job]>;

/**
 * A queue with one worker and two tasks in every place (one that runs). Tags are called like the places; the running task
 * and the dispatched ones share a tag. The leader is stopped; nothing moves by itself.
 */
export async function stageAllPlaces(bench: Bench): Promise<Placed> {
  const { instance } = bench;
  const completed = [
    await ended(bench, 'completed', 'echo', 1),
    await ended(bench, 'completed', 'echo', 2),
  ] as [Job, Job];
  const failed = [
    await ended(bench, 'failed', 'fail', 'first'),
    await ended(bench, 'failed', 'fail', 'second'),
  ] as [Job, Job];
  await bench.makeWorkerFast();

  const first = await bench.add('fail', 'parked', 'again', { attempts: 2, backoff: hourMs });
  await bench.untilAt('parked', first);
  const parked: [Job, Job] = [first, await bench.add('echo', 'parked', 0)];
  await bench.untilAt('parked', ...parked);

  const [running, ...dispatched] = await bench.addTogether('hold', 'busy', 3);
  await bench.untilAt('running', running!);
  await bench.untilAt('dispatched', ...dispatched);
  const lookedAhead = await bench.addTogether('echo', 'lookedAhead', 2);
  await bench.untilAt('lookedAhead', ...lookedAhead);
  const indexed = await bench.addTogether('echo', 'indexed', 2);
  await bench.untilAt('indexed', ...indexed);
  const delayed = [
    await bench.add('echo', 'delayed', 0, { delay: hourMs }),
    await bench.add('echo', 'delayed', 1, { delay: 2 * hourMs }),
  ] as [Job, Job];
  instance.scheduler.stop();
  const added = [await bench.addForeign('echo', 'added', 0), await bench.addForeign('echo', 'added', 1)] as [
    Job,
    Job,
  ];
  return {
    added,
    indexed: indexed as [Job, Job],
    dispatched: dispatched as [Job, Job],
    lookedAhead: lookedAhead as [Job, Job],
    parked,
    running: [running!, running!],
    delayed,
    completed,
    failed,
  };
}

/** A task that has ended, and in another millisecond than the next one will: within one, BullMQ sorts by ids. */
async function ended(
  bench: Bench,
  place: 'completed' | 'failed',
  type: string,
  payload: unknown,
): Promise<Job> {
  const job = await bench.add(type, place, payload, { attempts: 1 });
  await bench.untilAt(place, job);
  const { finishedOn } = (await bench.queue.getJob(job.id!))!;
  await until('the clock goes on', () => Date.now() > finishedOn!);
  return job;
}

export const idsOf = (jobs: readonly Job[]): string[] => jobs.map((job) => job.id!);
