import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { FlowProducer } from 'bullmq';
import { Redis } from 'ioredis';
import { Registry } from 'prom-client';
import { runCommandLine } from '../../../src/cli/program.js';
import { DashboardModule } from '../../../src/dashboard/index.js';
import { QueueHealthModule, QueueHealthService } from '../../../src/health/index.js';
import type { QueueEvent, QueueService, TaskContext, WorkerService } from '../../../src/index.js';
import { QueueMetricsModule } from '../../../src/metrics/index.js';
import { closeAll, quickElection, startInstance } from '../../support/app.js';
import { AclServer } from '../../support/acl-server.js';
import { keyRules, readDocumentedAcl } from '../../support/documented-acl.js';
import { FaultProxy } from '../../support/proxy/fault-proxy.js';
import { uniqueName } from '../../support/redis.js';
import { gate, until } from '../../support/until.js';
import { closeWebApps, startWebApp } from '../../support/web-app.js';

let acl: AclServer;
beforeAll(async () => {
  acl = await AclServer.start();
});
afterEach(async () => {
  await closeAll();
  await closeWebApps();
  await acl.admin.flushall();
});
afterAll(() => acl.stop());

const namesOf = (name: string) => ({
  queue: `${name}-pending`,
  prefix: `${name}-worker`,
  state: `${name}-state`,
});

describe('the rules of docs/security.md', () => {
  it('are enough for everything, two queues on one Redis, and none of the commands is left over', async () => {
    const name = uniqueName('acl');
    await acl.createUser('app', [...keyRules([namesOf(name), namesOf(`${name}-mail`)]), ...acl.commandRules]);
    const url = `${acl.urlOf('app')}/1`;
    await acl.forgetCommands();
    const registry = new Registry();
    const holds = gate();
    const register = (workers: WorkerService): void => {
      workers.registerHandler('note', (payload: unknown) => payload);
      workers.registerHandler('busy', () => holds.promise);
      workers.registerHandler('fails', () => {
        throw new Error('as it was told');
      });
      workers.registerHandler('again', async (_, { attempt, job, updateProgress, log }: TaskContext) => {
        await updateProgress(attempt);
        await log('a row');
        await job.updateData({ ...job.data, payload: attempt });
        if (attempt === 1) throw new Error('not yet');
      });
      workers.registerHandler('parent', async (_, { job }: TaskContext) => job.getChildrenValues());
      workers.registerHandler('cancelled', (_, { signal }: TaskContext) => {
        return new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        );
      });
    };
    const app = await startWebApp({
      name,
      imports: [
        DashboardModule.register({ allowUnguarded: true, readOnly: false }),
        QueueMetricsModule.register({ registry }),
        QueueHealthModule.register(),
      ],
      queueOptions: {
        redisOptions: { url },
        electionOptions: quickElection,
        workerOptions: { taskTimeout: 8_000, shutdownTimeout: 300 },
      },
      register,
    });
    const { queue, feature } = app;
    feature.workers.registerHandler('note', () => 'mailed');
    const task = (type: string, payload: unknown = 'p', identifyTag = 't') => ({
      type,
      identifyTag,
      payload,
    });
    const events: QueueEvent[] = [];
    const listening = queue.events$.subscribe((event) => events.push(event));

    // Adding, dispatching, running, waiting.
    const ended = async (...[job, ms = 10_000]: Parameters<QueueService['waitUntilFinished']>) =>
      queue.waitUntilFinished(job, ms).catch((error: unknown) => (error as Error).message);
    expect(await ended(await queue.add(task('note')))).toBe('p');
    const bulk = await queue.addBulk(['a', 'b', 'c'].map((tag) => task('note', tag, tag)));
    expect(await Promise.all(bulk.map((job) => ended(job)))).toEqual(['a', 'b', 'c']);
    expect(
      await ended(await queue.add(task('note'), { delay: 20, deduplication: { id: 'd', ttl: 1_000 } })),
    ).toBe('p');
    await queue.addBulk([1, 2].map((n) => ({ ...task('note', n), options: { deduplication: { id: 'e' } } })));
    expect(await feature.queue.waitUntilFinished(await feature.queue.add(task('note')), 10_000)).toBe(
      'mailed',
    );
    // Retries, failures, retention.
    for (const retryOrder of ['block', 'skip'] as const) {
      expect(await ended(await queue.add(task('again'), { attempts: 2, backoff: 5, retryOrder }))).toBeNull();
    }
    const failing = { attempts: 1, removeOnFail: { count: 5 } };
    expect(await ended(await queue.add(task('fails'), failing))).toBe('as it was told');
    expect(await queue.retryFailed()).toBe(1);
    await until('it has failed again', async () => (await queue.getQueueStats()).failed === 1);
    await queue.add(task('note'), { removeOnComplete: { count: 1, age: 1 } });
    // Steering.
    await queue.pauseTag('paused');
    const waiting = await queue.addBulk([1, 2, 3].map((n) => task('note', n, 'paused')));
    await until('they are indexed', async () => (await queue.getTagStats('paused')).waiting === 3);
    expect(await queue.explain(waiting[0]!.id!)).toMatchObject({ reason: 'tag-paused' });
    expect(await queue.remove(waiting[0]!.id!)).toBe(true);
    expect(await queue.purgeTag('paused')).toBe(2);
    await queue.resumeTag('paused');
    await queue.pause();
    await queue.resume();
    const cancelled = await queue.add(task('cancelled'));
    await until('it runs', () => cancelled.isActive());
    expect(await queue.cancel(cancelled.id!)).toBe('aborted');
    expect(await ended(cancelled)).toContain('was cancelled');
    expect(await queue.getTags()).toEqual(expect.any(Array));
    expect(await queue.getWorkers()).toHaveLength(1);
    expect(await queue.getWorkerDetails()).toHaveLength(1);
    // BullMQ's own: schedulers, flows, pages, counts, settings, cleaning.
    const bull = queue.queue;
    await bull.upsertJobScheduler('often', { every: 50 }, { name: 'note', data: task('note', 'tick') });
    await until(
      'it ticks',
      () => events.filter((e) => e.type === 'completed' && e.returnvalue === 'tick').length > 1,
    );
    await bull.getJobSchedulers();
    await bull.removeJobScheduler('often');
    const flowConnection = new Redis(url, { maxRetriesPerRequest: null });
    const flows = new FlowProducer({ connection: flowConnection });
    const queueName = app.names.root;
    const children = ['x', 'y'].map((tag) => ({ name: 'note', queueName, data: task('note', tag, tag) }));
    const { job: parent } = await flows.add({ name: 'parent', queueName, data: task('parent'), children });
    expect(Object.values((await ended(parent)) as object).sort()).toEqual(['x', 'y']);
    await flows.close();
    flowConnection.disconnect();
    expect((await bull.getDependencies(parent.id!, 'processed', 0, 10)).total).toBe(2);
    await bull.getJobCounts();
    await bull.getCountsPerPriority([0, 1]);
    await bull.getJobs(['waiting', 'completed', 'failed', 'delayed', 'active'], 0, 10);
    await bull.getJobLogs(parent.id!);
    await (await queue.getJob(parent.id!))!.getDependencies();
    await bull.setGlobalConcurrency(5);
    await bull.removeGlobalConcurrency();
    await bull.trimEvents(1_000);
    const delayed = await queue.add(task('note'), { delay: 60_000 });
    await (await queue.getJob(delayed.id!))!.promote();
    // The pages around it.
    for (const path of ['live', 'failures', `task?id=${parent.id}`]) {
      const abort = new AbortController();
      const response = await fetch(`${app.url}/queues/${path}`, { signal: abort.signal });
      expect(response.status).toBe(200);
      // The live page sends the overview first.
      await response.body!.getReader().read();
      abort.abort();
    }
    expect(await registry.metrics()).toContain('affinity');
    const { status } = await app.app.get(QueueHealthService).check();
    expect(status).toBe('up');
    for (const command of [
      'status',
      'tags',
      'pause',
      'resume',
      'retry-failed --type fails',
      `explain ${parent.id}`,
    ]) {
      const silent = { write: () => undefined };
      const args = ['--url', url, '--queue', queueName, ...command.split(' ')];
      const terminal = {
        out: silent,
        err: silent,
        isInteractive: false,
        signal: new AbortController().signal,
      };
      expect([command, await runCommandLine(args, terminal)]).toEqual([command, 0]);
    }
    const [failure] = await bull.getFailed();
    await until('the failure may go', () => Date.now() > failure!.finishedOn! + 1_000);
    await ended(await queue.add(task('fails'), { attempts: 1, removeOnFail: { age: 1 } }));
    expect(await queue.getJob(failure!.id!)).toBeUndefined();
    await bull.clean(0, 10, 'completed');
    await bull.drain();
    // Recovery of a worker that is gone, and a change of the leader, which looks for orphans.
    const deduplication = { id: 'last', keepLastIfActive: true };
    const busy = await queue.add(task('busy', 0, 'busy'), { deduplication });
    await until('this instance is busy', () => busy.isActive());
    await queue.add(task('busy', 1, 'busy'), { deduplication });
    const proxy = await FaultProxy.start(acl.url);
    const second = await startInstance(
      {
        name,
        role: 'WORKER',
        workerOptions: { shutdownTimeout: 100 },
        redisOptions: { url: `${acl.urlOf('app', proxy.url)}/1`, commandTimeout: 500 },
      },
      (workers) => workers.registerHandler('note', () => new Promise(() => undefined)),
    );
    const orphan = await queue.add(task('note', 'recovered', 'orphan'));
    await until('it runs there', () => orphan.isActive());
    await proxy.close();
    await until('its worker is declared dead', () => events.some(({ type }) => type === 'recovered'));
    holds.open();
    expect(await ended(orphan)).toBe('recovered');
    await second.close();
    const third = await startInstance({ name, role: 'SCHEDULER', redisOptions: { url } });
    await app.election.resign();
    await until('somebody else leads', () => third.election.isLeader());
    await third.election.getLeader();
    listening.unsubscribe();
    // To the last key of it.
    await queue.pause();
    await bull.obliterate({ force: true });
    await third.close();
    await app.close();
    // What nobody has sorted by tags.
    const adding = await startInstance({ name, role: 'PRODUCER', redisOptions: { url } });
    await adding.queue.add(task('note'));
    expect(await adding.queue.queue.clean(0, 10, 'wait')).toHaveLength(1);
    await adding.close();
    expect(await acl.refusals()).toEqual([]);
    const run = await acl.runCommands();
    expect(readDocumentedAcl().commands.filter((command) => !run.includes(command))).toEqual([]);
  });

  it('need no +select in database 0', async () => {
    const name = uniqueName('acl');
    const others = acl.commandRules.filter((rule) => rule !== '+select');
    expect(others).toHaveLength(acl.commandRules.length - 1);
    await acl.createUser('less', [...keyRules([namesOf(name)]), ...others]);
    const { queue } = await startInstance({ name, redisOptions: { url: acl.urlOf('less') } }, (workers) => {
      workers.registerHandler('note', (payload: unknown) => payload);
    });
    const job = await queue.add({ type: 'note', identifyTag: 't', payload: 1 });
    expect(await queue.waitUntilFinished(job, 10_000)).toBe(1);
    await closeAll();
    expect(await acl.refusals()).toEqual([]);
    const elsewhere = startInstance({
      name,
      redisOptions: { url: `${acl.urlOf('less')}/1`, commandTimeout: 5_000 },
    });
    await expect(elsewhere).rejects.toMatchObject({ message: expect.stringContaining('select') });
  });

  it('for a producer are less, and enough for adding and waiting', async () => {
    const name = uniqueName('acl');
    await acl.createUser('worker', [...keyRules([namesOf(name)]), ...acl.commandRules]);
    await acl.createUser('producer', [...keyRules([namesOf(name)], 'producer'), ...acl.commandRules]);
    await startInstance({ name, redisOptions: { url: acl.urlOf('worker') } }, (workers) => {
      workers.registerHandler('note', (payload: unknown) => payload);
    });
    const { queue, election } = await startInstance({
      name,
      role: 'PRODUCER',
      redisOptions: { url: acl.urlOf('producer') },
    });
    const task = { type: 'note', identifyTag: 't', payload: 1 };
    const jobs = [
      await queue.add(task),
      ...(await queue.addBulk([task, task])),
      await queue.add(task, { delay: 5 }),
    ];
    for (const job of jobs) expect(await queue.waitUntilFinished(job, 10_000)).toBe(1);
    await queue.getQueueStats();
    await queue.getTagStats('t');
    expect(await election.getLeader()).not.toBeNull();
    await closeAll();
    expect(await acl.refusals()).toEqual([]);
  });

  it('leave the keys of another queue alone: neither read, nor written, nor by a script', async () => {
    const [mine, theirs] = [uniqueName('mine'), uniqueName('theirs')];
    await acl.createUser('mine', [...keyRules([namesOf(mine)]), ...acl.commandRules]);
    const other = await startInstance({ name: theirs, redisOptions: { url: acl.url } });
    await until('it leads', () => other.election.isLeader());
    await other.queue.add({ type: 'note', identifyTag: 't', payload: 1 }, { delay: 600_000 });
    await other.close();
    const client = new Redis(acl.urlOf('mine'));
    const keys = (await acl.admin.keys(`*${theirs}*`)).filter(
      (key) => !key.startsWith('scheduler:instance:'),
    );
    expect(keys.length).toBeGreaterThan(4);
    const before = await Promise.all(keys.map((key) => acl.admin.exists(key)));
    for (const key of [...keys, 'foreign', 'bull:other:wait', `x${mine}-state:1`]) {
      for (const attempt of [
        client.get(key),
        client.type(key),
        client.del(key),
        client.set(key, 'x'),
        client.rename(`bull:${mine}-pending:id`, key),
        client.eval("return redis.call('DEL', KEYS[1])", 1, key),
        client.eval(`return redis.call('SET', '${key}', 'x')`, 0),
      ]) {
        await expect(attempt).rejects.toThrow(/NOPERM|can't access at least one of the keys/);
      }
    }
    expect(await Promise.all(keys.map((key) => acl.admin.exists(key)))).toEqual(before);
    for (const forbidden of [
      ['FLUSHALL'],
      ['CONFIG', 'GET', '*'],
      ['KEYS', '*'],
      ['ACL', 'LIST'],
      ['SCRIPT', 'FLUSH'],
    ]) {
      await expect(client.call(forbidden[0]!, ...forbidden.slice(1))).rejects.toThrow(/NOPERM/);
    }
    client.disconnect();
    // A queue of other names does not start as this user.
    const refused = startInstance({ name: theirs, redisOptions: { url: acl.urlOf('mine') } });
    await expect(refused).rejects.toMatchObject({ code: 'AFFINITY_REDIS_PERMISSION' });
  });
});
