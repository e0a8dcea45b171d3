import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Inject,
  Injectable,
  Module,
  Scope,
  type INestApplicationContext,
  type Provider,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import type { Redis } from 'ioredis';
import {
  getQueueServiceToken,
  HandlerAlreadyRegisteredError,
  InvalidHandlerError,
  OnQueueEvent,
  QueueModule,
  QueueService,
  TaskHandler,
  WorkerService,
  type QueueEventOf,
  type TaskContext,
  type TaskRequest,
} from '../../../src/index.js';
import { connect, uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';
import { closeApps, log, restoreVariables, rootOptions, startApp } from './support/application.js';

let redis: Redis;
beforeAll(() => {
  redis = connect();
});
beforeEach(() => log.clear());
afterEach(async () => {
  await closeApps();
  restoreVariables();
});
afterAll(() => {
  redis.disconnect();
});

/** An application with a root queue, a feature named as it is, and these providers. */
async function start(
  providers: Provider[],
  controllers: (new () => object)[] = [],
  modules: (new () => object)[] = [],
) {
  const name = uniqueName('deco');
  const feature = `${name}-feature`;
  const app = await startApp(
    [
      QueueModule.forRoot(rootOptions(name)),
      QueueModule.forFeature({
        name: 'urgent',
        queueOptions: {
          pendingQueueName: `${feature}-pending`,
          workerQueuePrefix: `${feature}-worker`,
          workerStatePrefix: `${feature}-state`,
        },
      }),
      ...modules,
    ],
    { providers, controllers },
  );
  return app;
}

function runOn(
  app: INestApplicationContext,
  type: string,
  payload: unknown,
  queueName?: string,
): Promise<unknown> {
  const queue: QueueService = app.get(getQueueServiceToken(queueName));
  return queue.add({ type, identifyTag: 'tag', payload }).then((job) => queue.waitUntilFinished(job, 10_000));
}

describe('@TaskHandler', () => {
  it('gives tasks of the type to the method of the provider', async () => {
    @Injectable()
    class Mail {
      readonly prefix = 'sent to';

      @TaskHandler('send-email')
      send(payload: { to: string }, context: TaskContext): string {
        return `${this.prefix} ${payload.to} for ${context.identifyTag}`;
      }
    }
    const app = await start([Mail]);
    await expect(runOn(app, 'send-email', { to: 'a' })).resolves.toBe('sent to a for tag');
  });

  it('takes methods of controllers, of inherited classes, and of several types', async () => {
    abstract class Base {
      abstract readonly word: string;

      @TaskHandler('inherited')
      inherited(): string {
        return this.word;
      }

      @TaskHandler('overridden')
      overridden(): string {
        return 'base';
      }
    }
    @Injectable()
    class Derived extends Base {
      readonly word = 'derived';

      override overridden(): string {
        return 'not decorated';
      }

      @TaskHandler('one')
      @TaskHandler('two')
      several(_payload: unknown, { job }: TaskContext): string {
        return job.name;
      }
    }
    @Controller()
    class Web {
      @TaskHandler('of-controller')
      handle(): string {
        return 'controller';
      }
    }
    const app = await start([Derived], [Web]);
    expect(app.get(WorkerService).registeredTypes).toEqual(['inherited', 'of-controller', 'one', 'two']);
    await expect(runOn(app, 'inherited', null)).resolves.toBe('derived');
    await expect(runOn(app, 'one', null)).resolves.toBe('one');
    await expect(runOn(app, 'two', null)).resolves.toBe('two');
    await expect(runOn(app, 'of-controller', null)).resolves.toBe('controller');
  });

  it('registers on the queue that it names', async () => {
    @Injectable()
    class Handlers {
      @TaskHandler('t', { queue: 'urgent' })
      urgent(): string {
        return 'urgent';
      }

      @TaskHandler('t')
      root(): string {
        return 'root';
      }
    }
    const app = await start([Handlers]);
    await expect(runOn(app, 't', null)).resolves.toBe('root');
    await expect(runOn(app, 't', null, 'urgent')).resolves.toBe('urgent');
  });

  it('makes a request-scoped provider anew for every attempt, with the task as its request', async () => {
    let made = 0;
    @Injectable()
    class PerTask {
      readonly number = (made += 1);
    }
    @Injectable({ scope: Scope.REQUEST })
    class Handlers {
      constructor(
        @Inject(REQUEST) private readonly request: TaskRequest<number>,
        @Inject('per task') private readonly perTask: PerTask,
      ) {}

      @TaskHandler('double')
      double(payload: number): unknown {
        const { context } = this.request;
        return [2 * payload, this.request.payload, context.identifyTag, this.perTask.number];
      }
    }
    const app = await start([Handlers, { provide: 'per task', useClass: PerTask, scope: Scope.TRANSIENT }]);
    const before = made;
    await expect(runOn(app, 'double', 4)).resolves.toEqual([8, 4, 'tag', before + 1]);
    await expect(runOn(app, 'double', 5)).resolves.toEqual([10, 5, 'tag', before + 2]);
  });

  it('makes a transient provider for its tasks too', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Handlers {
      readonly made = 'constructed';

      @TaskHandler('t')
      run(): string {
        return this.made;
      }
    }
    const app = await start([Handlers]);
    await expect(runOn(app, 't', null)).resolves.toBe('constructed');
  });

  it('makes it by the module that has it, where others have something else under its token', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class First {
      @TaskHandler('first')
      run(): string {
        return 'first';
      }
    }
    @Injectable({ scope: Scope.REQUEST })
    class Second {
      @TaskHandler('second')
      handle(): string {
        return 'second';
      }
    }
    const token = 'handler';
    @Module({ providers: [{ provide: token, useClass: First, scope: Scope.REQUEST }] })
    class FirstModule {}
    @Module({ providers: [{ provide: token, useClass: Second, scope: Scope.REQUEST }] })
    class SecondModule {}
    @Controller({ scope: Scope.REQUEST })
    class Web {
      @TaskHandler('of-controller')
      handle(): string {
        return 'controller';
      }
    }
    const app = await start([], [Web], [FirstModule, SecondModule]);
    await expect(runOn(app, 'first', null)).resolves.toBe('first');
    await expect(runOn(app, 'second', null)).resolves.toBe('second');
    await expect(runOn(app, 'of-controller', null)).resolves.toBe('controller');
  });

  it('finds a provider once, however many names it has', async () => {
    @Injectable()
    class Handlers {
      @TaskHandler('t')
      run(): string {
        return 'once';
      }
    }
    const app = await start([Handlers, { provide: 'alias', useExisting: Handlers }]);
    await expect(runOn(app, 't', null)).resolves.toBe('once');
  });

  it('lets no application start with two handlers of one type on one queue', async () => {
    @Injectable()
    class First {
      @TaskHandler('t')
      run(): void {
        throw new Error('never called');
      }
    }
    @Injectable()
    class Second {
      @TaskHandler('t')
      handle(): void {
        throw new Error('never called');
      }
    }
    const error = await start([First, Second]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(HandlerAlreadyRegisteredError);
    expect(error).toMatchObject({
      details: { type: 't', handlers: ['First.run', 'Second.handle'] },
      message: "Task type 't' already has a handler on this queue: First.run and Second.handle",
    });
  });

  it('lets no application start with a decorated and a registered handler of one type', async () => {
    @Injectable()
    class Handlers {
      constructor(@Inject(WorkerService) workers: WorkerService) {
        workers.registerHandler('t', () => 1);
      }

      @TaskHandler('t')
      run(): void {
        throw new Error('never called');
      }
    }
    await expect(start([Handlers])).rejects.toThrow(HandlerAlreadyRegisteredError);
  });

  it('lets no application start with a handler for a queue that there is not', async () => {
    @Injectable()
    class Handlers {
      @TaskHandler('t', { queue: 'nowhere' })
      run(): void {
        throw new Error('never called');
      }
    }
    await expect(start([Handlers])).rejects.toThrow(
      new InvalidHandlerError({ reason: "Handlers.run names a queue, but there is no queue 'nowhere'" }),
    );
  });
});

describe('@OnQueueEvent', () => {
  it('calls the method for the events of its type', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Listener {
      @OnQueueEvent('completed')
      onCompleted({ type, jobId, returnvalue }: QueueEventOf<'completed'>): void {
        seen.push([type, jobId, returnvalue]);
      }

      @TaskHandler('echo')
      echo(payload: unknown): unknown {
        return payload;
      }
    }
    const app = await start([Listener]);
    const queue = app.get(QueueService);
    const job = await queue.add({ type: 'echo', identifyTag: 'tag', payload: 7 });
    await until('the event', () => seen.length > 0);
    expect(seen).toEqual([['completed', job.id, 7]]);
  });

  it('tells of a method that fails, and goes on', async () => {
    const faults: unknown[] = [];
    let calls = 0;
    @Injectable()
    class Listener {
      constructor(@Inject(QueueService) queue: QueueService) {
        queue.errors$.subscribe((fault) => faults.push(fault));
      }

      @OnQueueEvent('completed')
      async onCompleted(): Promise<void> {
        calls += 1;
        await Promise.resolve();
        throw new Error(`listener ${calls}`);
      }

      @TaskHandler('echo')
      echo(): void {
        return;
      }
    }
    const app = await start([Listener]);
    await runOn(app, 'echo', null);
    await runOn(app, 'echo', null);
    await until('both faults', () => faults.length === 2);
    expect(faults.map((fault) => (fault as Error).message)).toEqual(['listener 1', 'listener 2']);
  });
});
