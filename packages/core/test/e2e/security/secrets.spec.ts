import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger, type LoggerService } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Registry } from 'prom-client';
import { runCommandLine } from '../../../src/cli/program.js';
import { DashboardModule } from '../../../src/dashboard/index.js';
import { QueueHealthModule, QueueHealthService } from '../../../src/health/index.js';
import { LeaseLostError, QueueModule, type WorkerService } from '../../../src/index.js';
import { QueueMetricsModule } from '../../../src/metrics/index.js';
import { quickElection } from '../../support/app.js';
import { startOwnServer, type OwnServer } from '../../support/own-server.js';
import { uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';
import { closeWebApps, startWebApp } from '../../support/web-app.js';
import { startApp, closeApps } from '../module/support/application.js';

const password = 'pw-marker-3141';
const payload = 'payload-marker-2718';
const result = 'result-marker-1618';
const markers = [password, payload, result];

let server: OwnServer;
let admin: Redis;
beforeAll(async () => {
  server = await startOwnServer('--requirepass', password);
  admin = new Redis(server.url, { password });
});
afterEach(async () => {
  await closeWebApps();
  await closeApps();
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

/** Whatever Nest's logger gets, at any level. */
class Log implements LoggerService {
  readonly lines: string[] = [];
  log = this.#note;
  error = this.#note;
  warn = this.#note;
  debug = this.#note;
  verbose = this.#note;
  #note(this: void | Log, ...parts: unknown[]): void {
    log.lines.push(inspect(parts, { depth: 12 }));
  }
}
const log = new Log();

describe('with secrets in the password, the payloads and the results', () => {
  it('nothing that is shown has one: log, errors, keys for people, command line, dashboard, metrics, health', async () => {
    Logger.overrideLogger(log);
    const name = uniqueName('secret');
    const url = server.url.replace('//', `//:${password}@`);
    const registry = new Registry();
    const said: string[] = [];
    const say = (what: string, value: unknown) =>
      said.push(
        `${what}: ${typeof value === 'string' ? value : inspect(value, { depth: 12, showHidden: true, maxStringLength: null })}`,
      );
    const app = await startWebApp({
      name,
      imports: [
        DashboardModule.register({ allowUnguarded: true }),
        QueueMetricsModule.register({ registry }),
        QueueHealthModule.register(),
      ],
      queueOptions: {
        redisOptions: { url, commandTimeout: 500 },
        electionOptions: quickElection,
        workerOptions: { taskTimeout: 100, shutdownTimeout: 100 },
        queueOptions: { maxResultBytes: 256, defaultTaskOptions: { attempts: 2, backoff: 1 } },
      },
      register: (workers: WorkerService) => {
        workers.registerHandler('fine', () => result);
        workers.registerHandler('too large', () => result.repeat(100));
        workers.registerHandler('no JSON', () => ({ [result]: 1n }));
        workers.registerHandler('throws nothing', () => Promise.reject(undefined as unknown as Error));
        workers.registerHandler('throws it', (given: unknown) => Promise.reject(given as Error));
        workers.registerHandler('slow', () => new Promise(() => undefined));
        workers.registerHandler('logs too much', (_given, { log: row }) => row(payload.repeat(1_000)));
      },
    });
    const { queue, election } = app;
    queue.errors$.subscribe((error) => say('fault', error));
    queue.events$.subscribe((event) => {
      if (event.type !== 'completed') say('event', event);
    });
    const add = (type: string) => queue.add({ type, identifyTag: 'tag', payload: { text: payload } });
    const ids: string[] = [];
    for (const type of [
      'too large',
      'no JSON',
      'throws nothing',
      'throws it',
      'slow',
      'logs too much',
      'nobody knows',
    ]) {
      const job = await add(type);
      ids.push(job.id!);
      say(type, await queue.waitUntilFinished(job, 10_000).catch((error: unknown) => error));
    }
    const done = await add('fine');
    ids.push(done.id!);
    expect(await queue.waitUntilFinished(done, 10_000)).toBe(result);
    await queue.pauseTag('tag');
    const waiting = await add('fine');
    ids.push(waiting.id!);
    for (const bad of [{ text: payload, self: 1n }, { text: payload.repeat(100_000) }]) {
      const task = { type: 'fine', identifyTag: 't', payload: bad };
      say('refused', await queue.add(task).catch((error: unknown) => error));
    }
    await admin.config('SET', 'maxmemory', '1');
    say('full', await add('fine').catch((error: unknown) => error));
    await admin.config('SET', 'maxmemory', '0');

    for (const id of ids) say('explain', await queue.explain(id));
    say('workers', [await queue.getWorkers(), await queue.getWorkerDetails(), await queue.getTags()]);
    say('leader', await election.getLeader());
    const forPeople = await admin.keys(`*${name}*`);
    for (const key of forPeople.filter((each) => each.startsWith('scheduler:') || each.includes('-state:'))) {
      const isHash = (await admin.type(key)) === 'hash';
      if (isHash) say(key, await admin.hgetall(key));
      else if ((await admin.type(key)) === 'string') say(key, await admin.get(key));
    }
    expect(said.some((line) => line.includes('leader:info'))).toBe(true);
    expect(said.some((line) => line.includes('worker:registry'))).toBe(true);

    const failures = (await (await fetch(`${app.url}/queues/failures`)).json()) as { tasks: unknown[] };
    expect(failures.tasks.length).toBeGreaterThan(4);
    say('dashboard failures', failures);
    for (const id of ids)
      say('dashboard task', await (await fetch(`${app.url}/queues/task?id=${id}`)).text());
    const abort = new AbortController();
    const live = await fetch(`${app.url}/queues/live`, { signal: abort.signal });
    say('dashboard live', Buffer.from((await live.body!.getReader().read()).value).toString());
    abort.abort();
    const metrics = await registry.metrics();
    expect(metrics).toContain('affinity');
    say('metrics', metrics);
    say('health', await app.app.get(QueueHealthService).check());

    const cli = async (...args: string[]): Promise<void> => {
      const out = { write: (text: string) => void said.push(text) };
      await runCommandLine(args, {
        out,
        err: out,
        isInteractive: false,
        signal: new AbortController().signal,
      });
    };
    const before = said.length;
    for (const options of [[], ['--json']]) {
      for (const command of [['status'], ['tags'], ['retry-failed'], ...ids.map((id) => ['explain', id])]) {
        await cli('--url', url, '--queue', app.names.root, ...options, ...command);
      }
      const wrong = server.url.replace('//', `//${password}:${password}@`);
      await cli('--url', wrong, '--queue', app.names.root, ...options, 'status');
      await cli('--url', `:${password}@x`, ...options, 'status');
      await cli('--url', `redis://:${password}@127.0.0.1:port`, ...options, 'status');
    }
    await cli('--url', `redis://:${password}@127.0.0.1:1`, 'status');
    expect(said.length - before).toBeGreaterThan(20);

    const broken = [
      { url: `redis://u:${password}@127.0.0.1:nonsense` },
      { host: `redis://:${password}@h` },
      { url: `redis://:${password}@no-such-host.invalid`, commandTimeout: 300 },
      {
        sentinels: [{ host: '127.0.0.1', port: 1 }],
        name: 'm',
        password,
        sentinelPassword: password,
        commandTimeout: 300,
      },
    ];
    const starts = broken.map((redisOptions) => startApp([QueueModule.forRoot({ redisOptions })]));
    for (const start of await Promise.allSettled(starts)) say('start', start);
    Logger.overrideLogger(log);
    // Redis goes away under it, with everything that happens then.
    await server.stop();
    await until('the worker gives up', () =>
      said.some((line) => line.includes(LeaseLostError.name) || line.includes('fault')),
    );
    say('gone', await add('fine').catch((error: unknown) => error));
    await app.close();

    expect(said.length).toBeGreaterThan(80);
    for (const marker of markers) {
      expect(said.filter((text) => text.includes(marker))).toEqual([]);
      expect(log.lines.filter((line) => line.includes(marker))).toEqual([]);
    }
  });
});
