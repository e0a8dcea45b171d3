import 'reflect-metadata';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { Registry } from 'prom-client';
import {
  InvalidOptionsError,
  QueueModule,
  QueueService,
  WorkerService,
  type QueueModuleOptions,
} from '../../src/index.js';
import { QueueMetricsModule, QueueMetricsService } from '../../src/metrics/index.js';
import { metricDefinitions } from '../../src/metrics/metric-definitions.js';
import { quickElection } from '../support/app.js';
import { FaultProxy } from '../support/proxy/fault-proxy.js';
import { testRedisUrl, uniqueName } from '../support/redis.js';
import { gate, until } from '../support/until.js';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Value {
  readonly metricName?: string;
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
}

async function start(options: QueueModuleOptions = {}, name = uniqueName()) {
  const registry = new Registry();
  const queue = `${name}-pending`;
  @Module({
    imports: [
      QueueModule.forRoot({
        ...options,
        redisOptions: options.redisOptions ?? { url: testRedisUrl() },
        queueOptions: {
          pendingQueueName: queue,
          workerQueuePrefix: `${name}-worker`,
          workerStatePrefix: `${name}-state`,
        },
        electionOptions: quickElection,
      }),
      QueueMetricsModule.register({ registry, timeout: 300 }),
    ],
  })
  class AppModule {}
  const app: INestApplicationContext = await NestFactory.createApplicationContext(AppModule, {
    logger: false,
  });
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= app.close());
  closing.push(close);
  const values = async (metric: string): Promise<Value[]> => {
    const found = await registry.getSingleMetric(metric)!.get();
    return found.values as Value[];
  };
  /** The value of a metric with these labels; of a histogram with `_count` and `_sum` in its name. */
  const valueOf = async (metric: string, labels: object = {}): Promise<number | undefined> => {
    const base = metric.replace(/_(count|sum)$/, '');
    const found = (await values(base)).filter(
      (value) =>
        (value.metricName ?? metric) === metric &&
        Object.entries({ queue, ...labels }).every(([label, text]) => value.labels[label] === text),
    );
    return found[0]?.value;
  };
  return { app, name, queue, registry, values, valueOf, close, service: app.get(QueueService) };
}

const note = (identifyTag: string, type = 'note') => ({ type, identifyTag, payload: null });

describe('metrics', () => {
  it('count tasks by type and outcome, batches, waits and times, with no more labels than they should', async () => {
    const { app, service, valueOf, values, registry, name } = await start({
      workerOptions: { maxBatchSize: 3 },
    });
    const workers = app.get(WorkerService);
    const held = gate();
    workers.registerHandler('hold', () => held.promise);
    workers.registerHandler('note', () => undefined);
    workers.registerHandler('fail', () => Promise.reject(new Error('no')));
    await service.add(note('a', 'hold'));
    await until('it runs', async () => (await service.getQueueStats()).active === 1);
    const notes = await service.addBulk([note('a'), note('a'), note('a')]);
    const failing = await service.add(note('b', 'fail'), { attempts: 2, backoff: 1 });
    const foreign = new Queue(`${name}-pending`, { connection: { url: testRedisUrl() } });
    const unknown = await foreign.add(`x-${uniqueName()}`, { identifyTag: 'c' });
    await foreign.close();
    held.open();
    for (const job of notes) await service.waitUntilFinished(job, 10_000);
    await until('it failed', () => failing.isFailed());
    await until('that one too', async () => (await service.getJob(unknown.id!))?.isFailed());
    await until('the last batch has ended', async () => (await service.getQueueStats()).workersIdle === 1);

    const total = 'affinity_queue_tasks_total';
    expect(await valueOf(total, { type: 'note', outcome: 'completed' })).toBe(3);
    expect(await valueOf(total, { type: 'hold', outcome: 'completed' })).toBe(1);
    expect(await valueOf(total, { type: 'fail', outcome: 'retried' })).toBe(1);
    expect(await valueOf(total, { type: 'fail', outcome: 'failed' })).toBe(1);
    // Of a type that nobody here has a handler for, which could be any: no label of its own.
    expect(await valueOf(total, { type: 'unknown', outcome: 'failed' })).toBe(1);
    expect(await valueOf('affinity_queue_task_duration_seconds_count', { type: 'note' })).toBe(3);
    expect(await valueOf('affinity_queue_task_wait_seconds_count', { type: 'fail' })).toBe(1);
    await until('all batches are known', async () => (await valueOf('affinity_queue_batch_size_sum')) === 7);
    expect(await valueOf('affinity_queue_batch_size_count')).toBeGreaterThanOrEqual(5);
    const atMost3 = (await values('affinity_queue_batch_size')).filter(({ labels }) => labels.le === 5);
    expect(atMost3[0]!.value).toBe(await valueOf('affinity_queue_batch_size_count'));
    expect(await valueOf('affinity_queue_dispatch_duration_seconds_count')).toBeGreaterThan(0);
    await until(
      'a heartbeat',
      async () => (await valueOf('affinity_queue_heartbeat_delay_seconds_count'))! > 0,
    );
    expect(await valueOf('affinity_queue_leadership_changes_total')).toBe(1);
    expect(await valueOf('affinity_queue_is_leader')).toBe(1);

    for (const metric of await registry.getMetricsAsJSON()) {
      const definition = metricDefinitions[metric.name as keyof typeof metricDefinitions];
      const allowed = new Set(['queue', 'le', ...definition.labels]);
      const labels = (metric.values as Value[]).flatMap((value) => Object.keys(value.labels));
      expect(labels.filter((label) => !allowed.has(label))).toEqual([]);
    }
    const text = await app.get(QueueMetricsService).metrics();
    for (const metric of Object.keys(metricDefinitions)) expect(text).toContain(`# TYPE ${metric} `);
    expect(text).not.toContain(notes[0]!.id!);
  });

  it('count from 0 on what can come, so that the first failure is an increase', async () => {
    const { app, service, values, valueOf, name } = await start();
    app.get(WorkerService).registerHandler('note', () => undefined);
    const counted = (await values('affinity_queue_tasks_total'))
      .filter(({ labels }) => labels.queue === `${name}-pending`)
      .map(({ labels, value }) => [labels.type, labels.outcome, value]);
    expect(counted.sort()).toEqual(
      ['note', 'unknown'].flatMap((type) =>
        ['completed', 'failed', 'retried'].map((outcome) => [type, outcome, 0]),
      ),
    );
    await service.waitUntilFinished(await service.add(note('a')), 10_000);
    expect(await valueOf('affinity_queue_tasks_total', { type: 'note', outcome: 'completed' })).toBe(1);
    expect(await valueOf('affinity_queue_tasks_total', { type: 'note', outcome: 'failed' })).toBe(0);
  });

  it('say what is wrong with options that are none', () => {
    const register = () =>
      QueueMetricsModule.register({
        timeout: 0,
        buckets: { affinity_queue_up: [1], affinity_queue_batch_size: [2, 1] },
      });
    expect(register).toThrow(InvalidOptionsError);
    expect(register).toThrow(/timeout[^]*buckets\.affinity_queue_up[^]*buckets\.affinity_queue_batch_size/);
  });

  it('say what the whole queue holds', async () => {
    const { app, service, valueOf } = await start();
    const held = gate();
    app.get(WorkerService).registerHandler('note', () => held.promise);
    await service.addBulk([note('a'), note('a'), note('b')]);
    await service.add(note('c'), { delay: 60_000 });
    await until('one runs', async () => (await service.getQueueStats()).active === 1);
    await until('all are taken in', async () => (await service.getQueueStats()).tagsWaiting === 1);
    const state = (metric: string, name: string) => valueOf(metric, { state: name });
    expect(await state('affinity_queue_tasks', 'waiting')).toBe(2);
    expect(await state('affinity_queue_tasks', 'active')).toBe(1);
    expect(await state('affinity_queue_tasks', 'delayed')).toBe(1);
    expect(await state('affinity_queue_tags', 'waiting')).toBe(1);
    expect(await state('affinity_queue_tags', 'bound')).toBe(1);
    expect(await state('affinity_queue_workers', 'running')).toBe(1);
    expect(await valueOf('affinity_queue_has_leader')).toBe(1);
    expect(await valueOf('affinity_queue_up')).toBe(1);
    expect(await valueOf('affinity_queue_oldest_waiting_tag_seconds')).toBeGreaterThan(0);
    expect(await valueOf('affinity_queue_paused')).toBe(0);
    await service.pause();
    expect(await valueOf('affinity_queue_paused')).toBe(1);
    await service.resume();
    held.open();
  });

  it('count workers that were declared dead, and their tasks', async () => {
    const proxy = await FaultProxy.start();
    closing.push(() => proxy.close());
    const scheduler = await start({ role: 'SCHEDULER' });
    const worker = await start({ role: 'WORKER', redisOptions: { url: proxy.url } }, scheduler.name);
    const held = gate();
    worker.app.get(WorkerService).registerHandler('note', () => held.promise);
    await scheduler.service.addBulk([note('a'), note('a')]);
    await until('one runs', async () => (await scheduler.service.getQueueStats()).active === 1);
    const beats = proxy.plan('hold-request', 'beat');
    await until(
      'it is declared dead',
      async () => (await scheduler.valueOf('affinity_queue_recovered_workers_total')) === 1,
    );
    expect(await scheduler.valueOf('affinity_queue_recovered_tasks_total')).toBe(2);
    held.open();
    await beats.release();
    await until('its attempt does not count', async () =>
      worker.valueOf('affinity_queue_tasks_total', { type: 'note', outcome: 'discarded' }),
    );
  });

  it('go on without Redis, and without the gauges of the queue', async () => {
    const proxy = await FaultProxy.start();
    closing.push(() => proxy.close());
    const { valueOf, values, registry } = await start({
      role: 'PRODUCER',
      redisOptions: { url: proxy.url },
    });
    expect(await valueOf('affinity_queue_up')).toBe(1);
    const silent = proxy.plan('hold-request', 'getHealth');
    const text = await registry.metrics();
    expect(text).toMatch(/affinity_queue_up\{[^}]*\} 0/);
    expect(text).not.toMatch(/^affinity_queue_tasks\{/m);
    await silent.release();
    await until('Redis answers again', async () => (await valueOf('affinity_queue_up')) === 1);
    expect(await values('affinity_queue_tasks')).toHaveLength(5);
  });

  it('leave nothing in the registry that was not there before', async () => {
    const { registry, close } = await start({ role: 'PRODUCER' });
    expect(registry.getMetricsAsArray().length).toBeGreaterThan(10);
    await close();
    expect(registry.getMetricsAsArray()).toEqual([]);
  });
});
