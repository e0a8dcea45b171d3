/*
 * What typed tasks accept and refuse. Nothing here runs: it is compiled with the sources, and in fresh applications with the
 * packed library (test/package). A line under `@ts-expect-error` that compiles is an error too.
 */
/* eslint-disable @typescript-eslint/no-unused-vars, @typescript-eslint/no-unused-expressions -- values stand for their types */
import type { INestApplicationContext } from '@nestjs/common';
import {
  QueueService,
  TaskHandler,
  WorkerService,
  type BulkTaskOf,
  type Job,
  type JobOf,
  type PayloadOf,
  type ResultOf,
  type Task,
  type TaskContext,
  type TaskHandlerOf,
  type TaskOf,
  type TaskShape,
  type TaskTypes,
  type TypedTaskHandler,
} from 'nestjs-affinity-queue';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles where the two types are the same. */
function same<A, B>(_is: Equal<A, B>): void {
  return;
}

interface Tasks {
  'send-email': { to: string; subject?: string };
  'build-report': TaskShape<{ month: string }, { url: string }>;
  'clean-up': TaskShape<null, void>;
  import: unknown;
  whatever: any;
}

const identifyTag = 'company-123';

export function parts(): void {
  same<TaskTypes<Tasks>, 'send-email' | 'build-report' | 'clean-up' | 'import' | 'whatever'>(true);
  same<PayloadOf<Tasks, 'send-email'>, { to: string; subject?: string }>(true);
  same<PayloadOf<Tasks, 'build-report'>, { month: string }>(true);
  same<PayloadOf<Tasks, 'clean-up'>, null>(true);
  same<PayloadOf<Tasks, 'import'>, unknown>(true);
  same<PayloadOf<Tasks, 'whatever'>, any>(true);
  same<ResultOf<Tasks, 'send-email'>, unknown>(true);
  same<ResultOf<Tasks, 'build-report'>, { url: string }>(true);
  same<ResultOf<Tasks, 'clean-up'>, void>(true);
  // The check itself can say no.
  same<PayloadOf<Tasks, 'build-report'>, { month: number }>(false);
  // @ts-expect-error -- they are not the same
  same<PayloadOf<Tasks, 'build-report'>, { month: number }>(true);
  // @ts-expect-error -- there is no such type
  same<PayloadOf<Tasks, 'send-mail'>, never>(true);
}

export async function adding(queue: QueueService<Tasks>, some: TaskOf<Tasks>, type: string): Promise<void> {
  await queue.add({ type: 'send-email', identifyTag, payload: { to: 'user@example.com' } });
  await queue.add({ type: 'send-email', identifyTag, payload: { to: 'a', subject: 'b' } }, { delay: 1_000 });
  await queue.add({ type: 'build-report', identifyTag, payload: { month: '2026-11' } });
  await queue.add({ type: 'clean-up', identifyTag, payload: null });
  await queue.add({ type: 'import', identifyTag, payload: [1, 'anything'] });
  await queue.add({ type: 'whatever', identifyTag, payload: () => 1 });
  await queue.add(some);
  // @ts-expect-error -- a payload of another shape
  await queue.add({ type: 'send-email', identifyTag, payload: { too: 'user@example.com' } });
  // @ts-expect-error -- the payload of another type
  await queue.add({ type: 'send-email', identifyTag, payload: { month: '2026-11' } });
  // @ts-expect-error -- a payload where there is none
  await queue.add({ type: 'clean-up', identifyTag, payload: 1 });
  // @ts-expect-error -- no payload
  await queue.add({ type: 'build-report', identifyTag });
  // @ts-expect-error -- a type that is not in the map
  await queue.add({ type: 'send-mail', identifyTag, payload: { to: 'user@example.com' } });
  // @ts-expect-error -- any type at all
  await queue.add({ type, identifyTag, payload: { to: 'user@example.com' } });
  // @ts-expect-error -- no tag
  await queue.add({ type: 'send-email', payload: { to: 'user@example.com' } });
  // @ts-expect-error -- an option that there is not
  await queue.add(some, { attempt: 3 });
}

export async function addingMany(queue: QueueService<Tasks>): Promise<void> {
  const tasks: BulkTaskOf<Tasks>[] = [
    { type: 'send-email', identifyTag, payload: { to: 'a' }, options: { attempts: 3 } },
    { type: 'build-report', identifyTag, payload: { month: '2026-11' } },
  ];
  await queue.addBulk(tasks);
  await queue.addBulk([{ type: 'clean-up', identifyTag, payload: null }]);
  await queue.addBulk(
    ['a', 'b'].map((to) => ({ type: 'send-email', identifyTag, payload: { to } }) as const),
  );
  // @ts-expect-error -- a payload of another shape
  await queue.addBulk([{ type: 'send-email', identifyTag, payload: { to: 1 } }]);
  // @ts-expect-error -- a type that is not in the map
  await queue.addBulk([{ type: 'send-mail', identifyTag, payload: { to: 'a' } }]);
}

export async function scheduling(queue: QueueService<Tasks>, untyped: QueueService): Promise<void> {
  const daily = { cron: '0 3 * * *' };
  await queue.schedule('reports', daily, {
    type: 'build-report',
    identifyTag,
    payload: { month: '2026-11' },
  });
  await queue.schedule('cleaning', { every: 1_000 }, { type: 'clean-up', identifyTag, payload: null });
  await untyped.schedule('any', daily, { type: 'of any type', identifyTag, payload: 1 });
  // @ts-expect-error -- a payload of another shape
  await queue.schedule('reports', daily, { type: 'build-report', identifyTag, payload: { moon: '2026-11' } });
  // @ts-expect-error -- a type that is not in the map
  await queue.schedule('mails', daily, { type: 'send-mail', identifyTag, payload: { to: 'a' } });
  // @ts-expect-error -- neither cron nor every
  await queue.schedule('cleaning', { limit: 1 }, { type: 'clean-up', identifyTag, payload: null });
}

export async function results(queue: QueueService<Tasks>): Promise<void> {
  const job = await queue.add({ type: 'build-report', identifyTag, payload: { month: '2026-11' } });
  same<typeof job, JobOf<Tasks, 'build-report'>>(true);
  same<typeof job.data.payload, { month: string }>(true);
  same<typeof job.returnvalue, { url: string }>(true);
  const report = await queue.waitUntilFinished(job, 5_000);
  same<typeof report, { url: string }>(true);
  const email = await queue.add({ type: 'send-email', identifyTag, payload: { to: 'a' } });
  const sent = await queue.waitUntilFinished(email);
  same<typeof sent, unknown>(true);
  const cleaned = await queue.waitUntilFinished(
    await queue.add({ type: 'clean-up', identifyTag, payload: null }),
  );
  // What a handler does not return is stored as null.
  same<typeof cleaned, null>(true);
  const byId = await queue.waitUntilFinished('an id');
  same<typeof byId, unknown>(true);
  // @ts-expect-error -- the result has no such member
  report.month;
  // @ts-expect-error -- neither an id nor a job
  await queue.waitUntilFinished(7);
}

export function handlers(workers: WorkerService<Tasks>): void {
  workers.registerHandler('send-email', (payload, context) => {
    same<typeof payload, { to: string; subject?: string }>(true);
    same<typeof context, TaskContext>(true);
    return 'anything';
  });
  workers.registerHandler('send-email', ({ to }: { to: string }) => to);
  workers.registerHandler('build-report', async ({ month }) => ({ url: `/reports/${month}` }));
  workers.registerHandler('clean-up', async () => undefined);
  const build: TaskHandlerOf<Tasks, 'build-report'> = ({ month }, { identifyTag: tag }) => ({
    url: tag + month,
  });
  workers.registerHandler('build-report', build);
  // @ts-expect-error -- the handler of another type
  workers.registerHandler('send-email', build);
  // @ts-expect-error -- a payload of another shape
  workers.registerHandler('send-email', ({ to }: { to: number }) => to);
  // @ts-expect-error -- a member that the payload does not have
  workers.registerHandler('send-email', ({ month }) => month);
  // @ts-expect-error -- a result of another shape
  workers.registerHandler('build-report', () => ({ link: 'x' }));
  // @ts-expect-error -- a type that is not in the map
  workers.registerHandler('send-mail', () => undefined);
}

const HandlesTask: TypedTaskHandler<Tasks> = TaskHandler;

export class Decorated {
  @HandlesTask('send-email')
  send({ to }: PayloadOf<Tasks, 'send-email'>, { identifyTag: tag }: TaskContext): string {
    return tag + to;
  }

  @HandlesTask('build-report', { queue: 'reports' })
  async build(payload: { month: string }): Promise<ResultOf<Tasks, 'build-report'>> {
    return { url: payload.month };
  }

  // @ts-expect-error -- a payload of another shape
  @HandlesTask('send-email')
  wrongPayload(payload: { too: string }): string {
    return payload.too;
  }

  // @ts-expect-error -- a result of another shape
  @HandlesTask('build-report')
  wrongResult(): { link: string } {
    return { link: 'x' };
  }

  // @ts-expect-error -- a type that is not in the map
  @HandlesTask('send-mail')
  unknownType(): void {
    return;
  }
}

/** Without a map everything is as it was before there were any. */
export async function open(queue: QueueService, workers: WorkerService, type: string): Promise<void> {
  const job = await queue.add({ type, identifyTag, payload: Symbol.iterator });
  same<typeof job, Job>(true);
  const jobs = await queue.addBulk([{ type: 'anything', identifyTag, payload: 1, options: { attempts: 2 } }]);
  same<typeof jobs, Job[]>(true);
  await queue.add<{ to: string }>({ type, identifyTag, payload: { to: 'a' } });
  const task: Task<{ to: string }> = { type, identifyTag, payload: { to: 'a' } };
  await queue.add(task);
  const result = await queue.waitUntilFinished(job);
  same<typeof result, unknown>(true);
  workers.registerHandler(type, (payload) => same<typeof payload, any>(true));
  workers.registerHandler('send-email', (payload: { to: string }) => payload.to);
  workers.registerHandler<{ to: string }, string>('send-email', ({ to }, { workerId }) => to + workerId);
  // @ts-expect-error -- a payload that is not the one that was said
  await queue.add<{ to: string }>({ type, identifyTag, payload: { to: 1 } });
  // @ts-expect-error -- a type that is no text
  await queue.add({ type: 1, identifyTag, payload: 1 });
  // @ts-expect-error -- a handler that is no function
  workers.registerHandler('send-email', 'send');
}

/** A service is the same service with and without its map. */
export function services(app: INestApplicationContext, anyQueue: QueueService): void {
  const queue: QueueService<Tasks> = app.get(QueueService);
  const workers: WorkerService<Tasks> = app.get(WorkerService);
  const other = app.get<QueueService<Tasks>>(QueueService);
  const steer = (service: QueueService): unknown => service.pause();
  steer(queue);
  steer(other);
  const typed: QueueService<Tasks> = anyQueue;
  void [typed, workers];
}
