import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import {
  getQueueServiceToken,
  getWorkerServiceToken,
  QueueModule,
  QueueService,
  WorkerService,
  type QueueModuleOptions,
} from '../../../src/index.js';
import { testRedisUrl, uniqueName } from '../../support/redis.js';
import {
  closeApps,
  log,
  restoreVariables,
  rootOptions,
  setVariables,
  startApp,
  willBeSet,
} from './support/application.js';
import { startRedis, stopRedisServers, withClient } from './support/redis-server.js';

beforeEach(() => log.clear());
afterEach(async () => {
  await closeApps();
  restoreVariables();
});
afterAll(stopRedisServers);

const { hostname: host, port } = new URL(testRedisUrl());
const here = { REDIS_HOST: host, REDIS_PORT: port };
const queueNameOf = (app: INestApplicationContext, name?: string): string =>
  app.get<QueueService>(getQueueServiceToken(name)).queue.name;
const workerCountOf = (app: INestApplicationContext, name?: string): number =>
  app.get<WorkerService>(getWorkerServiceToken(name)).getWorkerStates().length;
const namesOf = (name: string) => ({
  PENDING_QUEUE_NAME: `${name}-pending`,
  WORKER_QUEUE_PREFIX: `${name}-worker`,
  WORKER_STATE_PREFIX: `${name}-state`,
});
const withoutRedis = (name: string, more: QueueModuleOptions = {}): QueueModuleOptions => {
  const { redisOptions, ...options } = rootOptions(name, more);
  expect(redisOptions).toBeDefined();
  return options;
};

describe('the environment', () => {
  it('says what options leave out, of the root queue', async () => {
    const name = uniqueName();
    setVariables({ ...here, ...namesOf(name), WORKER_COUNT: '3', APP_ROLE: 'WORKER', QUEUE_LOCALE: 'en' });
    const app = await startApp([QueueModule.forRoot()]);
    expect(queueNameOf(app)).toBe(`${name}-pending`);
    expect(workerCountOf(app)).toBe(3);
    expect(log.texts('LOG')).toContainEqual(
      expect.stringMatching(new RegExp(`^Queue ${name}-pending started: .* role WORKER, workers 3$`)),
    );
  });

  it('is beaten by options, each for itself', async () => {
    const name = uniqueName();
    setVariables({ ...here, ...namesOf(`${name}-env`), WORKER_COUNT: '3', QUEUE_LOCALE: 'zh' });
    const app = await startApp([
      QueueModule.forRoot({ locale: 'en', queueOptions: { pendingQueueName: `${name}-option` } }),
    ]);
    expect(queueNameOf(app)).toBe(`${name}-option`);
    expect(workerCountOf(app)).toBe(3);
    expect(log.texts('LOG').join('\n')).not.toMatch(/\p{Script=Han}/u);
  });

  it('gives names and role to the root queue only', async () => {
    const name = uniqueName();
    setVariables({ ...here, ...namesOf(name), APP_ROLE: 'PRODUCER' });
    const app = await startApp([
      QueueModule.forRoot(),
      QueueModule.forFeature({ name: `${name}-a` }),
      QueueModule.forFeature({ name: `${name}-b`, role: 'WORKER' }),
    ]);
    expect(queueNameOf(app, `${name}-a`)).toBe(`${name}-a-pending-tasks`);
    expect(workerCountOf(app)).toBe(0);
    expect(workerCountOf(app, `${name}-a`)).toBe(0); // the root queue's role, inherited
    expect(workerCountOf(app, `${name}-b`)).toBe(1);
  });

  it.each<[QueueModuleOptions['locale'], RegExp]>([
    ['en', /role=BOTH .* overrides APP_ROLE=WORKER/],
    ['zh', /role=BOTH 覆盖了环境变量 APP_ROLE=WORKER/],
  ])('that is overridden in its role is warned about, in %s', async (locale, warning) => {
    const name = uniqueName();
    setVariables({ APP_ROLE: 'WORKER' });
    await startApp([QueueModule.forRoot(rootOptions(name, { role: 'BOTH', locale }))]);
    expect(log.texts('WARN').filter((text) => warning.test(text))).toHaveLength(1);
  });

  it('that agrees with the option is not', async () => {
    setVariables({ APP_ROLE: 'BOTH' });
    await startApp([QueueModule.forRoot(rootOptions(uniqueName(), { role: 'BOTH' }))]);
    expect(log.texts('WARN')).toEqual([]);
  });
});

describe('the Redis variables', () => {
  const elsewhere = { REDIS_PORT: '1', REDIS_PASSWORD: 'wrong', REDIS_USERNAME: 'nobody', REDIS_DB: '500' };

  it('are all ignored as soon as one option says where or who', async () => {
    setVariables({ REDIS_URL: 'redis://127.0.0.1:1', REDIS_HOST: 'no-such-host.invalid', ...elsewhere });
    const app = await startApp([
      QueueModule.forRoot(rootOptions(uniqueName(), { redisOptions: { host, port: Number(port) } })),
    ]);
    await expect(app.get(QueueService).getQueueStats()).resolves.toMatchObject({ waiting: 0 });
  });

  it('REDIS_URL beats the others', async () => {
    setVariables({ REDIS_URL: testRedisUrl(), REDIS_HOST: 'no-such-host.invalid', ...elsewhere });
    const app = await startApp([QueueModule.forRoot(withoutRedis(uniqueName()))]);
    await expect(app.get(QueueService).getQueueStats()).resolves.toMatchObject({ waiting: 0 });
  });

  it('say host, port, user, password and database', async () => {
    const locked = await startRedis();
    await withClient(locked.url, async (client) => {
      await client.call('ACL', 'SETUSER', 'app', 'on', '>sesame', '+@all', '~*', '&*');
      await client.call('ACL', 'SETUSER', 'default', 'off');
    });
    setVariables({
      REDIS_HOST: locked.host,
      REDIS_PORT: String(locked.port),
      REDIS_USERNAME: 'app',
      REDIS_PASSWORD: 'sesame',
      REDIS_DB: '6',
    });
    const app = await startApp([QueueModule.forRoot(withoutRedis(uniqueName()))]);
    const { client } = app.get(QueueService).queue.getBackend() as unknown as { client: Promise<any> };
    expect(await (await client).client('INFO')).toMatch(/ db=6 .* user=app /);
    await app.close();
    await locked.stop();
  });
});

describe('through @nestjs/config', () => {
  let folder: string | undefined;
  afterEach(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true });
    folder = undefined;
  });

  const variables = (name: string) => ({ ...here, ...namesOf(name), WORKER_COUNT: '2' });
  const expectConfigured = (app: INestApplicationContext, name: string): void => {
    expect(queueNameOf(app)).toBe(`${name}-pending`);
    expect(workerCountOf(app)).toBe(2);
  };

  async function envFile(entries: Record<string, string>): Promise<string> {
    folder = await mkdtemp(join(tmpdir(), 'affinity-env-'));
    const path = join(folder, '.env.test');
    await writeFile(
      path,
      Object.entries(entries)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(''),
    );
    return path;
  }

  it('come what its global module loads, whichever is imported first', async () => {
    const load = (name: string) => [() => ({ ...variables(name), WORKER_COUNT: 2 })];
    for (const [first, second] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const name = uniqueName();
      const config = ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, load: load(name) });
      const imports = [config, QueueModule.forRoot()];
      expectConfigured(await startApp([imports[first]!, imports[second]!]), name);
    }
  });

  it('is waited for', async () => {
    const name = uniqueName();
    const slowly = () => new Promise((resolve) => setTimeout(resolve, 30, variables(name)));
    const config = ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, load: [slowly] });
    expectConfigured(await startApp([QueueModule.forRoot(), config]), name);
  });

  it('come the variables of a file, which process.env beats', async () => {
    const name = uniqueName();
    const path = await envFile({ ...variables(name), WORKER_COUNT: '7' });
    setVariables({ WORKER_COUNT: '2' });
    willBeSet(Object.keys(variables(name))); // ConfigModule copies the file into process.env
    expectConfigured(
      await startApp([ConfigModule.forRoot({ isGlobal: true, envFilePath: path }), QueueModule.forRoot()]),
      name,
    );
  });

  it('come those of a module that is not global, where forRootAsync imports it', async () => {
    const name = uniqueName();
    const config = ConfigModule.forRoot({ ignoreEnvFile: true, load: [() => variables(name)] });
    expectConfigured(
      await startApp([QueueModule.forRootAsync({ imports: [config], useFactory: () => ({}) })]),
      name,
    );
  });

  it('options can be made by hand', async () => {
    const name = uniqueName();
    const config = ConfigModule.forRoot({ ignoreEnvFile: true, load: [() => ({ queue: variables(name) })] });
    const made = QueueModule.forRootAsync({
      imports: [config],
      inject: [ConfigService],
      useFactory: (service: ConfigService) => ({
        ...rootOptions(service.getOrThrow<string>('queue.PENDING_QUEUE_NAME').replace(/-pending$/, '')),
        workerOptions: { workerCount: Number(service.getOrThrow('queue.WORKER_COUNT')) },
      }),
    });
    expectConfigured(await startApp([made]), name);
  });

  it('are beaten by options', async () => {
    const name = uniqueName();
    const config = ConfigModule.forRoot({
      isGlobal: true,
      ignoreEnvFile: true,
      load: [() => ({ PENDING_QUEUE_NAME: 'config', WORKER_COUNT: '7', REDIS_PORT: '1' })],
    });
    const options = rootOptions(name, { workerOptions: { workerCount: 2 } });
    expectConfigured(await startApp([config, QueueModule.forRoot(options)]), name);
  });

  it('nothing comes where the module is out of reach: process.env it is', async () => {
    const name = uniqueName();
    setVariables(variables(name));
    const config = ConfigModule.forRoot({ ignoreEnvFile: true, load: [() => ({ WORKER_COUNT: '7' })] });
    @Module({ imports: [config] })
    class Elsewhere {}
    expectConfigured(await startApp([Elsewhere, QueueModule.forRoot()]), name);
  });

  it('nothing of process.env is read that the application keeps from it', async () => {
    const name = uniqueName();
    setVariables({ WORKER_COUNT: '7' });
    const config = ConfigModule.forRoot({
      isGlobal: true,
      ignoreEnvFile: true,
      ignoreEnvVars: true,
      skipProcessEnv: true,
      load: [() => ({ ...variables(name), WORKER_COUNT: undefined })],
    });
    const app = await startApp([config, QueueModule.forRoot()]);
    expect(queueNameOf(app)).toBe(`${name}-pending`);
    expect(workerCountOf(app)).toBe(1);
  });

  it('a bad value is named by its variable', async () => {
    const config = ConfigModule.forRoot({
      isGlobal: true,
      ignoreEnvFile: true,
      load: [() => ({ MAX_BATCH_SIZE: 'many', APP_ROLE: 'LEADER' })],
    });
    await expect(startApp([config, QueueModule.forRoot(withoutRedis(uniqueName()))])).rejects.toThrow(
      /MAX_BATCH_SIZE: got "many".*\n.*APP_ROLE: got "LEADER"/,
    );
  });
});
