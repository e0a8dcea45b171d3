import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Inject,
  Injectable,
  Scope,
  type INestApplicationContext,
  type Provider,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  getQueueServiceToken,
  InvalidHandlerError,
  OnTagBound,
  OnTagReleased,
  QueueModule,
  QueueService,
  TaskHandler,
  type QueueRole,
  type TagBinding,
  type TagRelease,
} from '../../../src/index.js';
import { uniqueName } from '../../support/redis.js';
import { until } from '../../support/until.js';
import { closeApps, log, rootOptions, startApp } from './support/application.js';

beforeEach(() => log.clear());
afterEach(closeApps);

let diary: string[];
beforeEach(() => {
  diary = [];
});

@Injectable()
class Handlers {
  @TaskHandler('note')
  @TaskHandler('note', { queue: 'urgent' })
  run(payload: string): void {
    diary.push(payload);
  }
}

/** An application with a root queue and a feature, a handler for both, and these providers. */
function start(
  providers: Provider[],
  controllers: (new () => object)[] = [],
  role: QueueRole = 'BOTH',
): Promise<INestApplicationContext> {
  const name = uniqueName('hooks');
  const feature = `${name}-feature`;
  const queueOptions = {
    pendingQueueName: `${feature}-pending`,
    workerQueuePrefix: `${feature}-worker`,
    workerStatePrefix: `${feature}-state`,
  };
  const imports = [
    QueueModule.forRoot(rootOptions(name, { role })),
    QueueModule.forFeature({ name: 'urgent', queueOptions }),
  ];
  return startApp(imports, { providers: [Handlers, ...providers], controllers });
}

async function run(app: INestApplicationContext, payload: string, queueName?: string): Promise<void> {
  const queue: QueueService = app.get(getQueueServiceToken(queueName));
  const job = await queue.add({ type: 'note', identifyTag: 'tag', payload });
  await queue.waitUntilFinished(job, 10_000);
}

const written = (count: number) => until(`${count} things have happened`, () => diary.length === count);

describe('@OnTagBound and @OnTagReleased', () => {
  it('are called around the handlers of a batch, on the provider, and are awaited', async () => {
    @Injectable()
    class Clients {
      readonly open = new Map<string, string>();

      @OnTagBound()
      async connect({ identifyTag, workerId, queue, fencingToken }: TagBinding): Promise<void> {
        await new Promise(setImmediate);
        this.open.set(identifyTag, workerId);
        diary.push(`open ${identifyTag} of ${String(queue)} ${typeof fencingToken}`);
      }

      @OnTagReleased()
      async disconnect({ identifyTag, workerId, reason }: TagRelease): Promise<void> {
        await new Promise(setImmediate);
        diary.push(`close ${identifyTag}: ${reason}, ${String(this.open.get(identifyTag) === workerId)}`);
      }
    }
    const app = await start([Clients]);
    await run(app, 'one');
    await written(3);
    expect(diary).toEqual(['open tag of undefined number', 'one', 'close tag: empty, true']);
  });

  it('belong to the queue that they name, on controllers and in inherited classes too', async () => {
    abstract class Base {
      @OnTagBound({ queue: 'urgent' })
      open({ queue }: TagBinding): void {
        diary.push(`open ${String(queue)}`);
      }

      @OnTagReleased({ queue: 'urgent' })
      @OnTagReleased()
      close({ queue, reason }: TagRelease): void {
        diary.push(`close ${String(queue)}: ${reason}`);
      }
    }
    @Controller()
    class Web extends Base {}
    const app = await start([], [Web]);
    await run(app, 'urgent', 'urgent');
    await written(3);
    await run(app, 'root');
    await written(5);
    expect(diary).toEqual(['open urgent', 'urgent', 'close urgent: empty', 'root', 'close undefined: empty']);
  });

  it('are a pair per provider: what failed to open is not closed', async () => {
    @Injectable()
    class First {
      @OnTagBound()
      open(): void {
        diary.push('open first');
      }

      @OnTagReleased()
      close(): void {
        diary.push('close first');
      }
    }
    @Injectable()
    class Second {
      @OnTagBound()
      open(): void {
        throw new Error('no connection');
      }

      @OnTagReleased()
      close(): void {
        diary.push('close second');
      }
    }
    const app = await start([First, Second]);
    const queue = app.get(QueueService);
    const job = await queue.add({ type: 'note', identifyTag: 'tag', payload: 'one' }, { attempts: 1 });
    await expect(queue.waitUntilFinished(job, 10_000)).rejects.toThrow('no connection');
    await written(2);
    expect(diary).toEqual(['open first', 'close first']);
  });

  it('get a new instance each where the provider is request-scoped, with the binding as its request', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Clients {
      constructor(@Inject(REQUEST) private readonly request: TagBinding) {}

      @OnTagBound()
      open({ identifyTag }: TagBinding): void {
        diary.push(`open ${String(this.request.identifyTag === identifyTag)}`);
      }

      @OnTagReleased()
      close({ reason }: TagRelease): void {
        diary.push(`close ${reason}: ${String(Reflect.get(this.request, 'reason') === reason)}`);
      }
    }
    const app = await start([Clients]);
    await run(app, 'one');
    await written(3);
    expect(diary).toEqual(['open true', 'one', 'close empty: true']);
  });

  it('say in the log what failed to close, by name, and the worker goes on', async () => {
    @Injectable()
    class Clients {
      @OnTagReleased()
      async close(): Promise<void> {
        throw new TypeError('the secret of company-123');
      }
    }
    const app = await start([Clients]);
    await run(app, 'one');
    await run(app, 'two');
    const isSaid = (line: string) =>
      /^A release hook of tag "tag" failed on worker \S+: TypeError$/.test(line);
    await until('it is said', () => log.texts('WARN').filter(isSaid).length === 2);
    expect(log.lines.join('\n')).not.toContain('secret');
    expect(diary).toEqual(['one', 'two']);
  });

  it('are never called in a role without workers', async () => {
    @Injectable()
    class Clients {
      @OnTagBound()
      open(): void {
        diary.push('open');
      }
    }
    const app = await start([Clients], [], 'SCHEDULER');
    await app.get(QueueService).add({ type: 'note', identifyTag: 'tag', payload: 'one' });
    const isIndexed = async () => (await app.get(QueueService).getTagStats('tag')).waiting === 1;
    await until('it is indexed', isIndexed);
    expect(diary).toEqual([]);
  });

  it('let no application start with two of one provider for the same, or for a queue that there is not', async () => {
    class Base {
      @OnTagBound()
      open(): void {
        diary.push('open');
      }
    }
    @Injectable()
    class Twice extends Base {
      @OnTagBound()
      connect(): void {
        diary.push('connect');
      }
    }
    await expect(start([Twice])).rejects.toThrow(
      new InvalidHandlerError({
        reason: 'Twice.connect and Twice.open are both @OnTagBound of one provider and queue',
      }),
    );
    @Injectable()
    class Nowhere {
      @OnTagReleased({ queue: 'nowhere' })
      close(): void {
        diary.push('close');
      }
    }
    await expect(start([Nowhere])).rejects.toThrow(
      new InvalidHandlerError({ reason: "Nowhere.close names a queue, but there is no queue 'nowhere'" }),
    );
  });
});
