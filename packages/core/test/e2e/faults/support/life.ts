import { expect } from '@jest/globals';
import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { filter } from 'rxjs';
import { NotTaskOwnerError, StaleLeaderError, WorkerFencedError } from '../../../../src/errors/errors.js';
import { CommandTimeoutError, type TaskContext } from '../../../../src/index.js';
import { startInstance, type TestInstance } from '../../../support/app.js';
import { FaultProxy, type Command, type Fault, type FaultKind } from '../../../support/proxy/fault-proxy.js';
import { Recorder, upTo } from '../../../support/recorder.js';
import { uniqueName } from '../../../support/redis.js';
import { until } from '../../../support/until.js';

/** Lost connections come back at once; nobody is declared dead meanwhile, and no lock's end helps anybody. */
const electionOptions = { electionLockTtl: 20_000, heartbeatInterval: 100, heartbeatTimeout: 20_000 };
const queueOptions = { defaultTaskOptions: { backoff: 10 } };
/** A reply that takes longer is given up. */
const commandTimeout = 200;

/** Where in the life of an instance a command is sent. */
export type Stage = 'start' | 'work' | 'stop';

export interface FaultyCommand {
  readonly name: string;
  readonly stage: Stage;
  readonly matches: (command: Command) => boolean;
}

interface Payload {
  readonly n: number;
  readonly failsFirst?: boolean;
  readonly writes?: boolean;
}

const note = (identifyTag: string, payload: Payload) => ({ type: 'note', identifyTag, payload });

/** Redis said that somebody else was in charge, which nobody was. */
function isRefusal(error: unknown): boolean {
  return [NotTaskOwnerError, WorkerFencedError, StaleLeaderError].some((refusal) => error instanceof refusal);
}

/** What may be left of a queue when no task waits and no instance is there. */
const lasting =
  /:(meta|events|completed|id|aff:ctl|aff:call:[^:]+:\d+:\d+|election:epoch|election:vacancy)$|-pending:[A-Z][\w-]{12}(:logs)?$/;

/**
 * The life of an instance, from its start to its stop, in which it sends everything to Redis that workers and leaders send;
 * one command meets a fault. In the end every task has run as often as it should, in its order, and nothing is left over.
 */
export class Life {
  readonly #name = uniqueName();
  readonly #recorder = new Recorder();

  constructor(
    private readonly redis: Redis,
    private readonly kind: FaultKind,
    private readonly command: FaultyCommand,
  ) {}

  async live(): Promise<void> {
    const proxy = await FaultProxy.start();
    try {
      await this.#live(proxy);
    } catch (error) {
      throw new Error(`${this.kind}: ${this.command.name}: ${String(error)}`, { cause: error });
    } finally {
      await proxy.close();
    }
  }

  async #live(proxy: FaultProxy): Promise<void> {
    const watcher = await startInstance({ name: this.#name, role: 'PRODUCER', queueOptions });
    const planned = { start: false, work: false, stop: false };
    let fault: Fault | undefined;
    const plan = (stage: Stage): void => {
      if (this.command.stage === stage) fault = this.#plan(proxy);
      planned[stage] = true;
    };

    plan('start');
    const instance = await this.#start(proxy);
    const refusals: unknown[] = [];
    instance.queue.errors$.pipe(filter(isRefusal)).subscribe((error) => refusals.push(error));
    await until('it leads', () => instance.election.isLeader());
    plan('work');
    await this.#run(watcher, [
      ...upTo(6).map((n) => note('ordered', { n, failsFirst: n === 1, writes: n === 2 })),
      ...upTo(3).map((n) => ({
        ...note('skipping', { n, failsFirst: n === 0 }),
        options: { retryOrder: 'skip' as const },
      })),
      // Its deduplication is left to BullMQ's own script when it completes.
      { ...note('delayed', { n: 0 }), options: { delay: 20, deduplication: { id: 'one' } } },
    ]);
    if (this.command.stage !== 'stop') await until('the fault has happened', () => fault?.hasHappened);
    // What arrives late arrives while there is something new to do.
    const released = fault?.release();
    await this.#run(
      watcher,
      upTo(3).map((n) => note('ordered', { n: 6 + n })),
    );
    await released;

    plan('stop');
    await instance.close();
    await until('the fault has happened', () => fault?.hasHappened);
    await fault?.release();
    expect(refusals).toEqual([]);
    this.#expectRuns();
    await this.#expectStored(watcher);
    await this.#expectNothingLeft(instance.election.nodeId);
    await watcher.close();
  }

  #plan(proxy: FaultProxy): Fault {
    const fault = proxy.plan(this.kind, this.command.matches);
    if (this.kind === 'hold-reply') {
      void fault.happened.then(() => setTimeout(() => void fault.release(), 2 * commandTimeout));
    }
    return fault;
  }

  async #start(proxy: FaultProxy): Promise<TestInstance> {
    const options = {
      name: this.#name,
      workerOptions: { workerCount: 2, maxBatchSize: 3 },
      redisOptions: { url: proxy.url, ...(this.kind === 'hold-reply' && { commandTimeout }) },
      electionOptions,
    };
    const start = () =>
      startInstance(options, (workers) => {
        workers.registerHandler(
          'note',
          this.#recorder.handler((payload, context) => handle(payload, context)),
        );
      });
    try {
      return await start();
    } catch (error) {
      // An instance whose workers cannot be registered does not start. It can be started again.
      if (!(error instanceof CommandTimeoutError && this.command.name === 'registerWorker')) throw error;
      return start();
    }
  }

  async #run(watcher: TestInstance, tasks: Parameters<TestInstance['queue']['addBulk']>[0]): Promise<void> {
    const jobs: Job[] = await watcher.queue.addBulk(tasks);
    await Promise.all(jobs.map((job) => watcher.queue.waitUntilFinished(job, 10_000)));
  }

  #expectRuns(): void {
    expect(this.#recorder.payloads('ordered').map(({ n }: Payload) => n)).toEqual([
      0, 1, 1, 2, 3, 4, 5, 6, 7, 8,
    ]);
    expect(
      this.#recorder
        .payloads('skipping')
        .map(({ n }: Payload) => n)
        .sort(),
    ).toEqual([0, 0, 1, 2]);
    expect(this.#recorder.payloads('delayed')).toHaveLength(1);
    expect(this.#recorder.overlaps).toEqual([]);
    const attempts = this.#recorder.ofTag('ordered').map(({ attempt }) => attempt);
    expect(attempts).toEqual([1, 1, 2, 1, 1, 1, 1, 1, 1, 1]);
  }

  async #expectStored(watcher: TestInstance): Promise<void> {
    expect(await watcher.queue.getQueueStats()).toEqual({
      waiting: 0,
      active: 0,
      delayed: 0,
      completed: 13,
      failed: 0,
      paused: false,
      tagsWaiting: 0,
      tagsBound: 0,
      workersIdle: 0,
      workersRunning: 0,
    });
  }

  async #expectNothingLeft(nodeId: string): Promise<void> {
    const keys = await Promise.all([this.redis.keys(`*${this.#name}*`), this.redis.keys(`*${nodeId}*`)]);
    expect(keys.flat().filter((key) => !lasting.test(key))).toEqual([]);
  }
}

async function handle({ n, failsFirst, writes }: Payload, context: TaskContext): Promise<number> {
  if (failsFirst && context.attempt === 1) throw new Error('as it was told');
  // A handler that has to know awaits them; this one goes on without.
  if (writes) {
    const { job } = context;
    await Promise.allSettled([context.updateProgress(n), context.log('a row'), job.updateData(job.data)]);
  }
  return n;
}
