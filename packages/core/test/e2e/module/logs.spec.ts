import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import {
  ElectionService,
  getQueueServiceToken,
  getWorkerServiceToken,
  QueueModule,
  QueueService,
  WorkerService,
  type Locale,
} from '../../../src/index.js';
import { connect, uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';
import { closeApps, log, rootOptions, startApp } from './support/application.js';
import { startRedis, stopRedisServers, withClient } from './support/redis-server.js';

let redis: Redis;
beforeAll(() => {
  redis = connect();
});
beforeEach(() => log.clear());
afterEach(closeApps);
afterAll(async () => {
  redis.disconnect();
  await stopRedisServers();
});

const texts = () => [...log.texts('LOG'), ...log.texts('WARN')];
const said = (text: string) => until(`it is said: ${text}`, () => texts().includes(text));

/** A leader that is gone without a word; its lock lasts a little longer. */
async function leaveGhost(name: string): Promise<void> {
  const ghost = {
    nodeId: 'ghost-1-abc',
    hostname: 'h',
    processId: 1,
    epoch: 1_700_000_000_000_000,
    startTime: 1,
    lastHeartbeat: 1,
  };
  await redis.set(`scheduler:${name}-pending:leader:info`, JSON.stringify(ghost));
  await redis.set(`scheduler:${name}-pending:election:lock`, `ghost-1-abc:${ghost.epoch}`, 'PX', 1_500);
}

describe('the documented lines', () => {
  it('are said in Chinese unless told otherwise, each once', async () => {
    const name = uniqueName();
    await leaveGhost(name);
    const { locale, ...options } = rootOptions(name);
    expect(locale).toBe('en');
    const app = await startApp([QueueModule.forRoot(options)]);
    const { nodeId } = app.get(ElectionService);
    const lines = [
      `Worker ${nodeId}-1 已注册`,
      '当前节点不是调度器领导者，仅作为 Worker 运行',
      '领导者 ghost-1-abc 心跳超时，尝试接管',
      `节点 ${nodeId} 成为调度器领导者`,
    ];
    for (const line of lines) await said(line);
    await app.close();
    for (const line of lines) expect(texts().filter((text) => text === line)).toHaveLength(1);
    for (const text of texts()) expect(text).toMatch(/\p{Script=Han}/u);
    // By Nest's Logger, under the name of the library.
    expect(log.lines).toContain(`LOG [AffinityQueue] Worker ${nodeId}-1 已注册`);
    expect(log.lines).toContain('WARN [AffinityQueue] 领导者 ghost-1-abc 心跳超时，尝试接管');
  });

  it('are said of tasks that fail without being run', async () => {
    const name = uniqueName();
    const app = await startApp([QueueModule.forRoot(rootOptions(name))]);
    const queue = app.get(QueueService);
    await queue.pause();
    const deferred = {
      poison: 'poison task: the worker died under it 3 times',
      cancelled: "Task 'cancelled' was cancelled",
    };
    for (const [jobId, reason] of Object.entries(deferred)) {
      await queue.add({ type: 'note', identifyTag: jobId, payload: 0 }, { jobId });
      await redis.hset(`bull:${name}-pending:${jobId}`, 'defa', reason);
    }
    await queue.queue.add('note', { secret: 'not ours' }, { jobId: 'tagless' });
    await queue.queue.add('note', { identifyTag: 't', type: 'note', payload: 0 }, { jobId: 'odd' });
    await redis.hset(`bull:${name}-pending:odd`, 'opts', '{secret');
    await queue.resume();
    await said('Task "poison" was running when 3 workers died and is moved to failed');
    await said('Task "tagless" is malformed and is moved to failed');
    await said('Task "odd" is malformed and is moved to failed');
    await until('the cancelled one is said', () =>
      texts().some((text) => /^Task "cancelled" .* failed on worker .*: not run$/.test(text)),
    );
    expect(texts().join()).not.toContain('secret');
    await app.close();
  });

  it('are said in English when asked to', async () => {
    const name = uniqueName();
    await leaveGhost(name);
    const app = await startApp([
      QueueModule.forRoot(rootOptions(name, { locale: 'en' })),
      QueueModule.forFeature({ name: `${name}-f` }),
    ]);
    const { nodeId } = app.get(ElectionService);
    await said(`Worker ${nodeId}-1 registered`);
    await said('This node is not the scheduler leader and runs as a worker only');
    await said('Leader ghost-1-abc shows no heartbeat, trying to take over');
    await said(`Node ${nodeId} became the scheduler leader`);
    await app.close();
    expect(log.ours.join('\n')).not.toMatch(/\p{Script=Han}/u);
    // A feature says its name.
    expect(log.lines).toContainEqual(
      expect.stringMatching(new RegExp(`^LOG \\[AffinityQueue:${name}-f\\] `)),
    );
  });

  it('a resignation is no time-out', async () => {
    const name = uniqueName();
    const first = await startApp([QueueModule.forRoot(rootOptions(name))]);
    await until('the first leads', () => first.get(ElectionService).isLeader());
    const second = await startApp([QueueModule.forRoot(rootOptions(name))]);
    await first.close();
    await until('the second leads', () => second.get(ElectionService).isLeader());
    expect(texts().filter((text) => text.includes('shows no heartbeat'))).toEqual([]);
  });

  it.each<[Locale, string]>([
    ['zh', '仅作为 Worker 运行'],
    ['en', 'as a worker only'],
  ])('a scheduler on standby has other words, in %s', async (locale, words) => {
    const name = uniqueName();
    await leaveGhost(name);
    const app = await startApp([QueueModule.forRoot(rootOptions(name, { role: 'SCHEDULER', locale }))]);
    const { nodeId } = app.get(ElectionService);
    await until('it leads', () => app.get(ElectionService).isLeader());
    expect(texts().join('\n')).not.toContain(words);
    expect(texts()).toContainEqual(expect.stringMatching(new RegExp(`${nodeId}.*(standby|待命)`)));
  });
});

describe('payloads, results and passwords', () => {
  const password = 'pw-marker-77';
  const payload = 'payload-marker-88';
  const result = 'result-marker-99';

  it('are in no log line and in no error', async () => {
    const own = await startRedis('--requirepass', password);
    const url = own.url.replace('//', `//:${password}@`);
    const name = uniqueName();
    const app = await startApp([
      QueueModule.forRoot(
        rootOptions(name, {
          redisOptions: { url },
          workerOptions: { taskTimeout: 50 },
          queueOptions: {
            maxPayloadBytes: 4_096,
            maxResultBytes: 256,
            defaultTaskOptions: { attempts: 2, backoff: 1 },
          },
        }),
      ),
      QueueModule.forFeature({
        name: `${name}-f`,
        redisOptions: { host: own.host, port: own.port, password },
      }),
    ]);
    const faults: unknown[] = [];
    const queue = app.get(QueueService);
    const feature = app.get<QueueService>(getQueueServiceToken(`${name}-f`));
    for (const each of [queue, feature]) each.errors$.subscribe((error) => faults.push(error));
    app.get<WorkerService>(getWorkerServiceToken(`${name}-f`)).registerHandler('fine', () => result);
    const workers = app.get(WorkerService);
    workers.registerHandler('fine', () => result);
    workers.registerHandler('throws', (given: { text: string }) => {
      throw new Error(`cannot work on ${given.text}`);
    });
    workers.registerHandler('throws text', (given: { text: string }) => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- applications do
      throw given.text;
    });
    workers.registerHandler('too large', () => result.repeat(100));
    workers.registerHandler('no JSON', () => ({ [result]: 1n }));
    workers.registerHandler(
      'slow',
      (_, { signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)),
    );
    const add = (type: string, to = queue) =>
      to.add({ type, identifyTag: 'tag', payload: { text: payload } });
    const ends = async (type: string, to = queue): Promise<unknown> =>
      to.waitUntilFinished(await add(type, to), 10_000).catch((error: unknown) => error);

    expect(await ends('fine')).toBe(result);
    expect(await ends('fine', feature)).toBe(result);
    // What a handler throws is for whoever waits for it.
    expect(await ends('throws')).toMatchObject({ message: `cannot work on ${payload}` });
    const errors: unknown[] = [];
    await ends('throws text');
    for (const type of ['too large', 'no JSON', 'slow', 'nobody knows']) errors.push(await ends(type));
    const circular: Record<string, unknown> = { text: payload };
    circular.self = circular;
    const big = payload.repeat(1_000);
    for (const bad of [circular, { text: payload, n: 1n }, { text: big }]) {
      errors.push(
        await queue.add({ type: 'fine', identifyTag: 'tag', payload: bad }).catch((error: unknown) => error),
      );
    }
    errors.push(await queue.add({ type: 'fine', identifyTag: '', payload }).catch((error: unknown) => error));
    // An error that Redis replies with carries the command and its arguments.
    await withClient(url, (client) => client.config('SET', 'maxmemory', '1'));
    errors.push(await add('fine').catch((error: unknown) => error));
    errors.push(
      await queue.addBulk([{ type: 'fine', identifyTag: 't', payload }]).catch((error: unknown) => error),
    );
    await withClient(url, (client) => client.config('SET', 'maxmemory', '0'));
    await app.close();
    await own.stop();

    for (const error of errors) expect(error).toBeInstanceOf(Error);
    const shown = [...errors, ...faults].map((error) =>
      inspect(error, { depth: 12, showHidden: true, maxStringLength: null }),
    );
    for (const marker of [password, payload, result]) {
      for (const text of shown) expect(text).not.toContain(marker);
      expect(log.lines.filter((line) => line.includes(marker))).toEqual([]);
    }
    expect(log.ours.length).toBeGreaterThan(20);
  });
});
