import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FlowProducer, WaitingChildrenError, type FlowJob, type Job, type JobNode } from 'bullmq';
import type { TaskContext, WorkerService } from '../../../src/index.js';
import { connect } from '../../support/redis.js';
import { until } from '../../support/until.js';
import { Bench, closeBenches, idsOf } from './support/stage.js';

const redis = { client: undefined as ReturnType<typeof connect> | undefined };
let flows: FlowProducer;
let bench: Bench;

beforeEach(() => {
  redis.client = connect();
  flows = new FlowProducer({ connection: redis.client });
});
afterEach(async () => {
  await closeBenches();
  await flows.close();
  redis.client?.disconnect();
});

const registerParent = (workers: WorkerService): void => {
  workers.registerHandler('parent', async (_payload, { job }: TaskContext) => {
    const values = Object.values((await job.getChildrenValues()) ?? {});
    return { children: values.sort() };
  });
};

const start = async (options: Parameters<typeof Bench.start>[0] = {}): Promise<Bench> =>
  Bench.start(options, registerParent);

/** A task of a flow, in BullMQ's form. */
const task = (
  type: string,
  identifyTag: string,
  payload: unknown = null,
  { opts, children, queueName = bench.pendingQueueName }: Partial<FlowJob> = {},
): FlowJob => ({ name: type, queueName, data: { identifyTag, type, payload }, opts, children });

/** A FlowProducer has a BullMQ backend of its own, which knows nothing of tags; the queue's does. */
const read = async (job: Job): Promise<Job> => (await bench.queue.getJob(job.id!))!;

const counts = (of: Bench) =>
  of.queue.getJobCounts('active', 'waiting', 'waiting-children', 'completed', 'failed', 'delayed');

describe('a flow', () => {
  it('runs the children before their parent, which gets their results', async () => {
    bench = await start({ workerOptions: { workerCount: 2 } });
    const { job: parent, children } = await flows.add(
      task('parent', 'tenant', null, {
        children: [task('echo', 'tenant', 1), task('echo', 'other', 2), task('echo', 'tenant', 3)],
      }),
    );
    await bench.untilAt('completed', parent, ...children!.map(({ job }) => job));
    expect((await read(parent)).returnvalue).toEqual({ children: [1, 2, 3] });
    expect(await parent.getDependenciesCount()).toEqual({
      processed: 3,
      unprocessed: 0,
      failed: 0,
      ignored: 0,
    });
  });

  it('has the states that BullMQ knows, and its dependencies', async () => {
    bench = await start({ role: 'SCHEDULER' });
    const { job: parent, children } = await flows.add(
      task('parent', 'tenant', null, { children: [task('echo', 'tenant', 1), task('echo', 'other', 2)] }),
    );
    const [one, other] = children!.map(({ job }) => job) as [Job, Job];
    await bench.untilAt('indexed', one, other);
    const mine = await read(parent);
    expect(await mine.getState()).toBe('waiting-children');
    expect(await mine.isWaitingChildren()).toBe(true);
    expect(idsOf(await bench.queue.getWaitingChildren())).toEqual([parent.id]);
    expect(await bench.queue.getWaitingChildrenCount()).toBe(1);
    expect((await mine.getDependencies()).unprocessed!.sort()).toEqual(
      [one, other].map((job) => bench.key(job.id!)).sort(),
    );
    const { items, total } = await bench.queue.getDependencies(parent.id!, 'pending', 0, 9);
    expect({ total, ids: items.map(({ id }) => id).sort() }).toEqual({
      total: 2,
      ids: [one, other].map((job) => bench.key(job.id!)).sort(),
    });
    const tree = await flows.getFlow({ id: parent.id!, queueName: bench.pendingQueueName });
    expect(tree.children).toHaveLength(2);

    const freed = await read(one);
    expect(await freed.removeChildDependency()).toBe(true);
    expect((await mine.getDependencies()).unprocessed).toEqual([bench.key(other.id!)]);
    await (await read(other)).removeChildDependency();
    await bench.untilAt('indexed', parent);
  });

  it('reaches over several levels and queues', async () => {
    bench = await start();
    const second = await start();
    const plain = `${bench.name}-plain`;
    const { job: parent } = await flows.add(
      task('parent', 'tenant', null, {
        children: [
          task('parent', 'deep', null, { children: [task('echo', 'leaf', 1), task('echo', 'leaf', 2)] }),
          task('echo', 'tenant', 'elsewhere', { queueName: second.pendingQueueName }),
          { name: 'anything', queueName: plain, data: {} },
        ],
      }),
    );
    await until(
      'only the plain job is open',
      async () => (await parent.getDependenciesCount()).unprocessed === 1,
    );
    expect(await (await read(parent)).getState()).toBe('waiting-children');
    const key = `bull:${plain}`;
    const id = (await bench.redis.lindex(`${key}:wait`, 0))!;
    await flows.getFlow({ id, queueName: plain }); // readable as any flow
    const open = (await flows.getFlow({ id: parent.id!, queueName: bench.pendingQueueName })).children!;
    await open.find(({ job }) => job.id === id)!.job.remove();
    await bench.untilAt('completed', parent);
    const { children } = (await read(parent)).returnvalue as { children: unknown[] };
    expect(children).toHaveLength(2);
    expect(children).toEqual(expect.arrayContaining(['elsewhere', { children: [1, 2] }]));
    expect(await counts(second)).toMatchObject({ completed: 1, waiting: 0, active: 0 });
  });

  it('of tasks that are delayed, or whose results are not kept', async () => {
    bench = await start();
    const { job: parent, children } = await flows.add(
      task('parent', 'tenant', null, {
        opts: { delay: 20 },
        children: [
          task('echo', 'tenant', 'kept', { opts: { delay: 20 } }),
          task('echo', 'tenant', 'gone', { opts: { removeOnComplete: true } }),
        ],
      }),
    );
    await bench.untilAt('completed', parent);
    expect(await bench.placeOf(children![1]!.job.id!)).toBe('nowhere');
    expect(await counts(bench)).toMatchObject({
      completed: 2,
      waiting: 0,
      'waiting-children': 0,
      delayed: 0,
    });
  });
});

describe('a child that fails', () => {
  const flow = (opts: FlowJob['opts']) =>
    flows.add(
      task('parent', 'tenant', null, {
        children: [
          task('fail', 'bad', 'broken', { opts: { attempts: 1, ...opts } }),
          task('echo', 'good', 1),
        ],
      }),
    );

  it('keeps its parent waiting', async () => {
    bench = await start();
    const { job: parent, children } = await flow({});
    await bench.untilAt('failed', children![0]!.job);
    await bench.untilAt('completed', children![1]!.job);
    expect(await parent.getState()).toBe('waiting-children');
    await (await read(children![0]!.job)).updateData({ identifyTag: 'bad', type: 'echo', payload: 2 });
    await children![0]!.job.retry();
    await bench.untilAt('completed', parent);
    expect((await read(parent)).returnvalue).toEqual({ children: [1, 2] });
  });

  it('fails its parent with failParentOnFailure, over all levels', async () => {
    bench = await start();
    const { job: top, children } = await flows.add(
      task('parent', 'top', null, {
        children: [
          task('parent', 'middle', null, {
            opts: { failParentOnFailure: true },
            children: [task('fail', 'bad', 'broken', { opts: { attempts: 1, failParentOnFailure: true } })],
          }),
        ],
      }),
    );
    const middle = children![0]!;
    await bench.untilAt('failed', middle.children![0]!.job, middle.job, top);
    expect((await read(middle.job)).failedReason).toBe(
      `child ${bench.key(middle.children![0]!.job.id!)} failed`,
    );
    expect((await read(top)).failedReason).toBe(`child ${bench.key(middle.job.id!)} failed`);
    expect(await (await read(middle.job)).getDependenciesCount({ failed: true })).toEqual({ failed: 1 });
    expect((await read(middle.job)).attemptsStarted).toBe(1);
  });

  it('lets its parent go on with continueParentOnFailure', async () => {
    bench = await start();
    const { job: parent, children } = await flow({ continueParentOnFailure: true });
    await bench.untilAt('completed', parent);
    const failures = await (await read(parent)).getIgnoredChildrenFailures();
    expect(failures).toEqual({ [bench.key(children![0]!.job.id!)]: 'broken' });
  });

  it.each([
    ['ignoreDependencyOnFailure', { ignored: 1 }],
    ['removeDependencyOnFailure', { ignored: 0 }],
  ] as const)('counts as done with %s', async (option, expected) => {
    bench = await start();
    const { job: parent } = await flow({ [option]: true });
    await bench.untilAt('completed', parent);
    expect((await read(parent)).returnvalue).toEqual({ children: [1] });
    expect(await parent.getDependenciesCount()).toMatchObject({ processed: 1, unprocessed: 0, ...expected });
  });
});

describe('a handler that waits for children', () => {
  /** Adds two children at its first start, and ends with their results. */
  async function startDynamic(childType = 'echo', childOpts: FlowJob['opts'] = {}): Promise<Bench> {
    return Bench.start({}, (workers) => {
      workers.registerHandler('dynamic', async (_payload, { job, attempt }: TaskContext) => {
        if (attempt === 1) {
          const parent = { id: job.id!, queue: job.queueQualifiedName };
          for (const payload of [1, 2]) {
            const data = { identifyTag: 'children', type: childType, payload };
            await bench.queue.add(childType, data, { ...childOpts, parent });
          }
        }
        if (await job.moveToWaitingChildren(job.token!)) {
          await job.updateProgress('waiting');
          throw new WaitingChildrenError();
        }
        return Object.values((await job.getChildrenValues()) ?? {}).sort();
      });
    });
  }

  it('goes on when they have ended, without a failed attempt', async () => {
    bench = await startDynamic();
    const job = await bench.add('dynamic', 'tenant', null, { attempts: 1 });
    const other = await bench.add('echo', 'tenant');
    await bench.untilAt('completed', job, other);
    expect(await read(job)).toMatchObject({
      returnvalue: [1, 2],
      attemptsMade: 1,
      attemptsStarted: 2,
      progress: 'waiting',
    });
    expect(await bench.events('waiting-children')).toEqual([
      expect.objectContaining({ jobId: job.id, prev: 'active' }),
    ]);
    expect(await counts(bench)).toMatchObject({ active: 0, 'waiting-children': 0, completed: 4 });
  });

  it('fails when one of them makes it fail', async () => {
    bench = await startDynamic('fail', { attempts: 1, failParentOnFailure: true });
    const job = await bench.add('dynamic', 'tenant', null, { attempts: 1 });
    const next = await bench.add('echo', 'tenant');
    await bench.untilAt('failed', job);
    await bench.untilAt('completed', next);
    expect((await read(job)).failedReason).toMatch(/child .* failed/);
  });

  it('cannot complete while children are open: the attempt fails', async () => {
    bench = await Bench.start({}, (workers) => {
      workers.registerHandler('careless', async (_payload, { job, attempt }: TaskContext) => {
        if (attempt > 1) return 'fine';
        const parent = { id: job.id!, queue: job.queueQualifiedName };
        await bench.queue.add('echo', { identifyTag: 'child', payload: 1 }, { parent, delay: 100 });
        return 'too early';
      });
    });
    const job = await bench.add('careless', 'tenant', null, { attempts: 20, backoff: 50 });
    await bench.untilAt('completed', job);
    const done = await read(job);
    expect(done.returnvalue).toBe('fine');
    expect(done.attemptsMade).toBeGreaterThan(1);
    expect(done.stacktrace![0]).toContain('has pending dependencies');
  });
});

describe('removal of a flow', () => {
  const flow = async (): Promise<JobNode> =>
    flows.add(
      task('parent', 'tenant', null, {
        children: [
          task('echo', 'a', 1),
          task('parent', 'b', null, { children: [task('echo', 'c', 1), task('echo', 'c', 2)] }),
        ],
      }),
    );

  it('takes the indexed children with it', async () => {
    bench = await start({ role: 'SCHEDULER' });
    const { job: parent, children } = await flow();
    const leaves = [children![0]!.job, ...children![1]!.children!.map(({ job }) => job)];
    await bench.untilAt('indexed', ...leaves);
    await (await read(parent)).remove();
    expect(await counts(bench)).toMatchObject({ waiting: 0, 'waiting-children': 0 });
    expect(await bench.redis.keys(bench.key('aff:tag:*'))).toEqual([]);
    expect(await bench.redis.llen(bench.key('aff:ring'))).toBe(0);
    // A parent is in `wait` for the moment in which its last child is gone and it is not.
    expect((await bench.events('removed')).map(({ prev }) => prev)).toEqual([
      'wait',
      'wait',
      'wait',
      'wait',
      'wait',
    ]);
  });

  it('can leave them', async () => {
    bench = await start({ role: 'SCHEDULER' });
    const { job: parent, children } = await flow();
    await bench.untilAt('indexed', children![0]!.job);
    expect(await bench.queue.remove(parent.id!, { removeChildren: false })).toBe(1);
    expect(await (await read(children![0]!.job)).getState()).toBe('waiting');
    expect(await bench.placeOf(children![0]!.job.id!)).toBe('indexed');
  });

  it('is refused while a child runs', async () => {
    bench = await start();
    const { job: parent, children } = await flows.add(
      task('parent', 'tenant', null, { children: [task('hold', 'a'), task('hold', 'a')] }),
    );
    const jobs = children!.map(({ job }) => job);
    const running = await until('one runs', async () => {
      for (const job of jobs) if (await job.isActive()) return job;
      return undefined;
    });
    const waiting = await read(jobs.find((job) => job.id !== running.id)!);
    await bench.untilAt('dispatched', waiting);
    await expect((await read(parent)).remove()).rejects.toThrow('locked');
    expect(await bench.queue.remove(parent.id!)).toBe(0);

    await (await read(parent)).removeUnprocessedChildren();
    expect(await waiting.getState()).toBe('unknown');
    expect(await (await read(running)).getState()).toBe('active');
    expect(await bench.queue.getWaitingCount()).toBe(0);
    await bench.holds.end(running.id!, { result: 1 });
    await bench.untilAt('completed', running, parent);
  });

  it('of the last child lets the parent go on', async () => {
    bench = await start();
    const { job: parent, children } = await flows.add(
      task('parent', 'tenant', null, { children: [task('echo', 'a', 1, { opts: { delay: 3_600_000 } })] }),
    );
    await (await read(children![0]!.job)).remove();
    await bench.untilAt('completed', parent);
  });

  it('by drain removes a parent with its last child, as BullMQ does', async () => {
    bench = await start({ role: 'SCHEDULER' });
    const { children } = await flow();
    await bench.untilAt('indexed', children![0]!.job);
    await until('all leaves are indexed', async () => (await bench.redis.zcard(bench.key('aff:seq'))) === 3);
    await bench.queue.drain();
    expect(await counts(bench)).toMatchObject({ waiting: 0, 'waiting-children': 0 });
  });
});
