import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testRedisUrl, uniqueName } from '../../support/redis.js';
import { runInChild } from './support/child-process.js';

const core = fileURLToPath(new URL('../../../', import.meta.url));
const nest11 = join(core, '../nest11/node_modules');

/** A folder as an application with Nest 11 has it: the built library is copied in, and finds that Nest and no other. */
let application: string;

beforeAll(async () => {
  if (!existsSync(nest11)) throw new Error('packages/nest11 is not installed: run `pnpm install`');
  application = await mkdtemp(join(tmpdir(), 'affinity-nest11-'));
  const modules = join(application, 'node_modules');
  const library = join(modules, 'nestjs-affinity-queue');
  const built = process.env.AFFINITY_TEST_LIBRARY
    ? dirname(dirname(process.env.AFFINITY_TEST_LIBRARY))
    : join(core, 'dist');
  await mkdir(join(modules, '@nestjs'), { recursive: true });
  await cp(built, join(library, 'dist'), { recursive: true });
  await cp(join(core, 'package.json'), join(library, 'package.json'));
  for (const name of ['@nestjs/common', '@nestjs/core', '@nestjs/config', 'rxjs', 'reflect-metadata']) {
    await symlink(join(nest11, name), join(modules, name));
  }
  for (const name of ['bullmq', 'cron-parser', 'ioredis'])
    await symlink(join(core, 'node_modules', name), join(modules, name));
});
afterAll(async () => {
  await rm(application, { recursive: true, force: true });
});

const variables = () => {
  const name = uniqueName('n11');
  return {
    REDIS_URL: testRedisUrl(),
    PENDING_QUEUE_NAME: `${name}-pending`,
    WORKER_QUEUE_PREFIX: `${name}-worker`,
    WORKER_STATE_PREFIX: `${name}-state`,
    AFFINITY_TEST_LIBRARY: 'nestjs-affinity-queue',
    AFFINITY_TEST_NAME: name,
  };
};

describe('on Nest 11', () => {
  it('an application runs, through @nestjs/config 4, with features, hooks in order, and a clean end', async () => {
    const { code, said, stderr } = await runInChild(
      `
      import { createRequire } from 'node:module';
      import { ConfigModule } from '@nestjs/config';
      const { version } = createRequire(process.cwd() + '/x.js')('@nestjs/core/package.json');
      emit(version.split('.')[0]);
      const feature = process.env.AFFINITY_TEST_NAME + '-f';
      const order = [];
      class Database {
        onModuleInit() { order.push('database init'); }
        onApplicationBootstrap() { order.push('database bootstrap'); }
        onModuleDestroy() { order.push('database destroy'); }
        onApplicationShutdown() { order.push('database shutdown'); }
      }
      const config = ConfigModule.forRoot({
        isGlobal: true, ignoreEnvFile: true, load: [async () => ({ WORKER_COUNT: 2 })],
      });
      const app = await NestFactory.createApplicationContext(
        moduleOf([QueueModule.forRoot({ locale: 'en' }), QueueModule.forFeature({ name: feature }), config],
                 { providers: [Database] }),
        { logger: ['error', 'warn', 'fatal'] },
      );
      const queue = app.get(QueueService);
      const workers = app.get(WorkerService);
      emit(workers.getWorkerStates().length);
      let running;
      const began = new Promise((resolve) => (running = resolve));
      workers.registerHandler('double', (n) => 2 * n);
      workers.registerHandler('slow', async () => {
        order.push('task begins');
        running();
        await new Promise((resolve) => setTimeout(resolve, 100));
        order.push('task ends');
      });
      app.get(lib.getWorkerServiceToken(feature)).registerHandler('echo', (text) => text);
      const echo = app.get(lib.getQueueServiceToken(feature));
      emit(await echo.waitUntilFinished(await echo.add({ type: 'echo', identifyTag: 't', payload: 'hi' }), 10000));
      emit(await queue.waitUntilFinished(await queue.add({ type: 'double', identifyTag: 't', payload: 21 }), 10000));
      await queue.add({ type: 'slow', identifyTag: 't', payload: 0 });
      await began;
      await app.close();
      emit(order);
      await app.close();`,
      { env: variables(), cwd: application },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const order = [
      'database init',
      'database bootstrap',
      'task begins',
      'task ends',
      'database destroy',
      'database shutdown',
    ];
    expect(said).toEqual(['11', 2, 'hi', 42, order]);
  });

  it('a start that fails says why and ends', async () => {
    const { code, said, stderr } = await runInChild(
      `
      const start = (imports, rest) =>
        NestFactory.createApplicationContext(moduleOf(imports, rest), { logger: false, abortOnError: false })
          .then(() => emit('it started'), (error) => emit(describe(error)));
      await start([QueueModule.forFeature({ name: 'f' })]);
      await start([QueueModule.forRoot(), QueueModule.forRoot()]);
      await start([QueueModule.forRoot({ workerOptions: { workerCount: 0 } }), QueueModule.forFeature({ name: 'f' })]);
      await start([QueueModule.forRoot({ redisOptions: { port: 1, commandTimeout: 1000 } })]);
      await start([QueueModule.forRoot()], { providers: [
        { provide: 'broken', useValue: { onApplicationBootstrap() { throw new Error('no licence'); } } },
      ] });`,
      { env: variables(), cwd: application },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(said).toMatchObject([
      { code: 'AFFINITY_INVALID_OPTION', message: expect.stringContaining('no root queue') },
      { code: 'AFFINITY_QUEUE_NAME_CONFLICT' },
      { code: 'AFFINITY_INVALID_OPTION', message: expect.stringContaining('workerOptions.workerCount') },
      { code: 'AFFINITY_REDIS_UNAVAILABLE' },
      { message: 'no licence' },
    ]);
  });

  it('a CommonJS application can require the library, as Nest 11 applications do', async () => {
    const { code, said, stderr } = await runInChild(
      `
      import { createRequire } from 'node:module';
      const require = createRequire(process.cwd() + '/main.cjs');
      const library = require('nestjs-affinity-queue');
      emit(typeof library.QueueModule.forRoot);
      const common = require('@nestjs/common');
      const core = require('@nestjs/core');
      class App {}
      common.Module({ imports: [library.QueueModule.forRoot()] })(App);
      const app = await core.NestFactory.createApplicationContext(App, { logger: false });
      app.get(library.WorkerService).registerHandler('double', (n) => 2 * n);
      const queue = app.get(library.QueueService);
      emit(await queue.waitUntilFinished(await queue.add({ type: 'double', identifyTag: 't', payload: 2 }), 10000));
      await app.close();`,
      { env: { ...variables(), NODE_OPTIONS: '--disable-warning=ExperimentalWarning' }, cwd: application },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(said).toEqual(['function', 4]);
  });
});
