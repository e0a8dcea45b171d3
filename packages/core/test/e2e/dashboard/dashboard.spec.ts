import { get, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  Injectable,
  Module,
  UnauthorizedException,
  VersioningType,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { map } from 'rxjs';
import { DashboardModule, type DashboardModuleOptions } from '../../../src/dashboard/index.js';
import { InvalidOptionsError } from '../../../src/index.js';
import { uniqueName } from '../../support/redis.js';
import { gate, until } from '../../support/until.js';
import { closeWebApps, startWebApp, type WebApp, type WebAppOptions } from '../../support/web-app.js';
import { EventReader } from './support/event-reader.js';

const hostile = '<img src=x onerror="alert(1)">';
const changes = { 'content-type': 'application/json', 'x-affinity-dashboard': '1' };
const readers: EventReader[] = [];

afterEach(async () => {
  for (const reader of readers.splice(0)) reader.close();
  await closeWebApps();
});

const start = (dashboard: DashboardModuleOptions, options: Partial<WebAppOptions> = {}): Promise<WebApp> =>
  startWebApp({ name: uniqueName(), imports: [DashboardModule.register(dashboard)], ...options });

async function watch({ url }: WebApp, path = '/queues/live', headers = {}): Promise<EventReader> {
  const reader = await EventReader.open(`${url}${path}`, headers);
  readers.push(reader);
  return reader;
}

const act = (url: string, body: unknown, headers: Record<string, string> = changes): Promise<Response> =>
  fetch(`${url}/queues/actions`, { method: 'POST', headers, body: JSON.stringify(body) });

const json = async (response: Promise<Response>): Promise<any> => (await response).json();

@Injectable()
class Secrets {
  readonly password = 'open';
}

@Module({ providers: [Secrets], exports: [Secrets] })
class SecretsModule {}

@Injectable()
class PasswordGuard implements CanActivate {
  constructor(private readonly secrets: Secrets) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    if (headers['x-password'] === this.secrets.password) return true;
    throw new UnauthorizedException();
  }
}
Reflect.defineMetadata('design:paramtypes', [Secrets], PasswordGuard);

/** What many applications do to every answer. */
class Wrap implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

describe.each(['Express', 'Fastify'] as const)('on %s', (adapter) => {
  it('serves one page that needs nothing else, with a policy that lets nothing else run', async () => {
    const { url } = await start({ allowUnguarded: true }, { adapter });
    const response = await fetch(`${url}/queues`);
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toMatch(
      /default-src 'none'; script-src 'sha256-/,
    );
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(text).toMatch(/^<!doctype html>[^]*<\/html>\s*$/);
  });

  it('streams what happens: leader, workers, tags, batches, rates', async () => {
    const held = gate();
    const web = await start(
      { allowUnguarded: true, title: 'Ours' },
      {
        adapter,
        register: (workers) => {
          workers.registerHandler('note', () => undefined);
          workers.registerHandler('hold', () => held.promise);
        },
      },
    );
    const reader = await watch(web);
    expect(reader.headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8' });
    await until('it is greeted', () => reader.of('greeting').length > 0);
    expect(reader.of('greeting')[0]).toMatchObject({
      ...{ title: 'Ours', readOnly: true, queue: web.names.root, maxBatchSize: 10 },
      queues: [
        { queue: web.names.root, name: null },
        { queue: web.names.feature, name: 'mail' },
      ],
    });
    const done = await web.queue.add({ type: 'note', identifyTag: 'done', payload: 'a secret' });
    await web.queue.waitUntilFinished(done, 10_000);
    const job = await web.queue.add({ type: 'hold', identifyTag: 'busy', payload: null });
    await web.queue.pauseTag('held');
    await web.queue.addBulk([1, 2].map((payload) => ({ type: 'note', identifyTag: 'held', payload })));
    const isThere = ({ workers, tags }: any) =>
      workers[0]?.task?.jobId === job.id &&
      tags.some(({ tag, waiting }: any) => tag === 'held' && waiting === 2);
    const state = await reader.state('all of it is there', isThere);
    expect(state).toMatchObject({
      leader: { nodeId: web.election.nodeId, silentForMs: expect.any(Number) },
      stats: { waiting: 2, active: 1, completed: 1 },
      tagCounts: { paused: 1 },
    });
    expect(state.workers).toMatchObject([
      { tag: 'busy', batchSize: 1, batchPosition: 1, task: { type: 'hold', attempt: 1 } },
    ]);
    expect(state.tags.find(({ tag }: any) => tag === 'held')).toMatchObject({ paused: true, workerIds: [] });
    const seen = reader.of('state').flatMap(({ batches }: any) => batches);
    expect(seen).toContainEqual(expect.objectContaining({ tag: 'done', size: 1, reason: 'empty' }));
    expect(
      reader
        .of('state')
        .flatMap(({ rates }: any) => rates)
        .some(({ completed }: any) => completed === 1),
    ).toBe(true);
    expect(JSON.stringify(reader.events)).not.toContain('a secret');

    const late = await watch(web);
    const first = await late.state('a late viewer sees', () => true);
    expect(first.complete).toBe(true);
    expect(first.batches.map(({ tag }: any) => tag)).toEqual(['done', 'busy']);
    expect(first.incidents).toMatchObject([{ kind: 'elected', subject: web.election.nodeId }]);
    held.open();
  });

  it('has every queue of the application, and no other', async () => {
    const web = await start({ allowUnguarded: true }, { adapter });
    const reader = await watch(web, `/queues/live?queue=${web.names.feature}`);
    await web.feature.queue.pauseTag('of mail');
    await reader.state('it is of the feature', ({ tags }) => tags[0]?.tag === 'of mail');
    expect((await watch(web, '/queues/live?queue=other')).status).toBe(404);
    expect((await fetch(`${web.url}/queues/failures?queue=other`)).status).toBe(404);
  });

  it('asks its guard before every answer', async () => {
    const guarded = { guard: PasswordGuard, imports: [SecretsModule], readOnly: false };
    const web = await start(guarded, { adapter });
    const paths = ['', '/live', '/failures', '/task?id=1'];
    const statuses = async (headers: Record<string, string>): Promise<number[]> =>
      Promise.all(paths.map(async (path) => (await watch(web, `/queues${path}`, headers)).status!));
    expect(await statuses({})).toEqual([401, 401, 401, 401]);
    expect(await statuses({ 'x-password': 'open' })).toEqual([200, 200, 200, 200]);
    expect((await act(web.url, { action: 'pause-queue' })).status).toBe(401);
    expect((await act(web.url, { action: 'pause-queue' }, { ...changes, 'x-password': 'open' })).status).toBe(
      200,
    );
  });

  it('changes nothing while it is read-only', async () => {
    const web = await start({ allowUnguarded: true }, { adapter });
    const actions = [
      'pause-queue',
      'resume-queue',
      'retry-failed',
      'pause-tag',
      'resume-tag',
      'retry-task',
      'remove-task',
    ];
    for (const action of actions) {
      const response = await act(web.url, { action, tag: 'a', jobId: '1' });
      expect(response.status).toBe(403);
      expect(((await response.json()) as { message: string }).message).toMatch(/read-only/);
    }
    expect((await web.queue.getQueueStats()).paused).toBe(false);
  });

  it('refuses changes that another site may have sent, and those that are none', async () => {
    const web = await start({ allowUnguarded: true, readOnly: false }, { adapter });
    const body = { action: 'pause-queue' };
    for (const headers of [
      { 'content-type': 'application/json' },
      { ...changes, 'sec-fetch-site': 'cross-site' },
      { ...changes, origin: 'http://evil.example' },
    ])
      expect((await act(web.url, body, headers)).status).toBe(403);
    const form = { 'content-type': 'text/plain', 'x-affinity-dashboard': '1' };
    expect([403, 415]).toContain((await act(web.url, body, form)).status);
    expect((await fetch(`${web.url}/queues/actions`)).status).toBe(404);
    for (const wrong of [{ action: 'drop' }, {}, { action: 'pause-tag' }, { action: 'pause-tag', tag: '' }])
      expect((await act(web.url, wrong)).status).toBe(400);
    expect((await act(web.url, { ...body, queue: 'other' })).status).toBe(404);
    expect((await web.queue.getQueueStats()).paused).toBe(false);
  });

  it('pauses and resumes, retries and removes', async () => {
    let isBroken = true;
    const web = await start(
      { allowUnguarded: true, readOnly: false },
      {
        adapter,
        register: (workers) => {
          workers.registerHandler('note', () => {
            if (isBroken) throw new Error(hostile);
          });
        },
      },
    );
    const done = (body: object) => json(act(web.url, { queue: web.names.root, ...body }));
    const jobs = await web.queue.addBulk(
      ['a', 'b', 'c', 'd'].map((identifyTag) => ({
        type: 'note',
        identifyTag,
        payload: 1,
        options: { attempts: 1 },
      })),
    );
    await until('they have failed', async () => (await web.queue.getQueueStats()).failed === 4);
    const failures = await json(fetch(`${web.url}/queues/failures`));
    expect(failures.total).toBe(4);
    expect(failures.tasks[0]).toMatchObject({ type: 'note', reason: hostile, attemptsMade: 1 });

    expect(await done({ action: 'remove-task', jobId: jobs[3]!.id })).toEqual({ changed: 1 });
    expect(await done({ action: 'remove-task', jobId: jobs[3]!.id })).toEqual({ changed: 0 });
    expect(await done({ action: 'remove-task', jobId: 'meta' })).toEqual({ changed: 0 });
    isBroken = false;
    expect(await done({ action: 'retry-task', jobId: jobs[0]!.id })).toEqual({ changed: 1 });
    await web.queue.waitUntilFinished(jobs[0]!, 10_000);
    expect(await done({ action: 'retry-task', jobId: jobs[0]!.id })).toEqual({ changed: 0 });
    expect(await done({ action: 'retry-task', jobId: 'events' })).toEqual({ changed: 0 });
    expect(await done({ action: 'retry-failed' })).toEqual({ changed: 2 });
    await until('all are done', async () => (await web.queue.getQueueStats()).completed === 3);

    await done({ action: 'pause-tag', tag: hostile });
    expect(await web.queue.getTagStats(hostile)).toMatchObject({ paused: true });
    await done({ action: 'resume-tag', tag: hostile });
    expect(await web.queue.getTagStats(hostile)).toMatchObject({ paused: false });
    await done({ action: 'pause-queue' });
    expect(await web.queue.getQueueStats()).toMatchObject({ paused: true });
    await done({ action: 'resume-queue' });
    expect(await web.queue.getQueueStats()).toMatchObject({ paused: false });
  });

  it('looks a task up', async () => {
    const web = await start({ allowUnguarded: true }, { adapter });
    await web.queue.pauseTag('a');
    const { id } = await web.queue.add({ type: 'note', identifyTag: 'a', payload: 'a secret' });
    const found = await json(fetch(`${web.url}/queues/task?queue=${web.names.root}&id=${id}`));
    expect(found).toMatchObject({ jobId: id, found: true, state: 'waiting', type: 'note', tag: 'a' });
    expect(JSON.stringify(found)).not.toContain('a secret');
    for (const unknown of ['none', 'meta', '', encodeURIComponent('__proto__')])
      expect(await json(fetch(`${web.url}/queues/task?id=${unknown}`))).toMatchObject({
        found: false,
        state: 'unknown',
      });
  });

  it('sends texts of tasks as data, whatever is in them', async () => {
    const web = await start({ allowUnguarded: true }, { adapter });
    const tag = `${hostile}\n\nevent: state\ndata: {}\u2028`;
    await web.queue.pauseTag(tag);
    const reader = await watch(web);
    const state = await reader.state('it is there', ({ tags }) => tags.length > 0);
    expect(state.tags[0].tag).toBe(tag);
    const page = await (await fetch(`${web.url}/queues`)).text();
    expect(page).not.toContain('onerror');
  });

  it('is where the application is, and as it is: prefix, version, interceptors, pipes', async () => {
    const web = await start(
      { allowUnguarded: true, path: '/admin/queues/', readOnly: false },
      {
        adapter,
        prepare: (app) => {
          app.setGlobalPrefix('api');
          app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
          app.useGlobalInterceptors(new Wrap());
          app.useGlobalPipes({ transform: () => 'replaced' } as PipeTransform);
        },
      },
    );
    const home = `${web.url}/api/admin/queues`;
    expect(await (await fetch(home)).text()).toMatch(/^<!doctype html>/);
    expect(await json(fetch(`${home}/failures`))).toEqual({ total: 0, from: 0, tasks: [] });
    const body = JSON.stringify({ action: 'resume-queue' });
    expect(await json(fetch(`${home}/actions`, { method: 'POST', headers: changes, body }))).toEqual({
      changed: 1,
    });
    const reader = await watch(web, '/api/admin/queues/live');
    await reader.state('it streams', () => true);
  });

  it('does nothing for a viewer who leaves while the guard still thinks', async () => {
    const [asked, answered, left] = [gate(), gate(), gate()];
    const guard: CanActivate = {
      canActivate: async (context) => {
        const request = context.switchToHttp().getRequest<{ raw?: IncomingMessage } & IncomingMessage>();
        (request.raw ?? request).socket.once('close', () => left.open());
        asked.open();
        await answered.promise;
        return true;
      },
    };
    const web = await start({ guard }, { adapter });
    const looks = jest.spyOn(web.queue, 'getQueueStats');
    const going = get(`${web.url}/queues/live`).on('error', () => undefined);
    await asked.promise;
    going.destroy();
    await left.promise;
    answered.open();
    const staying = await watch(web);
    await staying.state('it streams', () => true);
    staying.close();
    await until('it has left', () => staying.isOver);
    const elsewhere = await watch(web, `/queues/live?queue=${web.names.feature}`);
    looks.mockClear();
    await until('time has passed', () => elsewhere.of('state').length >= 3);
    expect(looks).not.toHaveBeenCalled();
  });

  it('lets the application end while somebody watches', async () => {
    const web = await start({ allowUnguarded: true }, { adapter });
    const reader = await watch(web);
    await reader.state('it streams', () => true);
    await web.close();
    await until('the stream has ended', () => reader.isOver);
  });
});

describe('the module', () => {
  it('refuses to mount without a guard', () => {
    expect(() => DashboardModule.register({ path: '/queues' })).toThrow(InvalidOptionsError);
  });

  it('takes settings that other providers make', async () => {
    const dashboard = DashboardModule.registerAsync({
      allowUnguarded: true,
      imports: [SecretsModule],
      inject: [Secrets],
      useFactory: async (secrets: Secrets) => ({ title: `It is ${secrets.password}`, readOnly: false }),
    });
    const web = await startWebApp({ name: uniqueName(), imports: [dashboard] });
    const reader = await watch(web);
    await until('it is greeted', () => reader.of('greeting').length > 0);
    expect(reader.of('greeting')[0]).toMatchObject({ title: 'It is open', readOnly: false });
    expect((await act(web.url, { action: 'resume-queue' })).status).toBe(200);
  });

  it('says what is wrong with settings at the start', async () => {
    const dashboard = DashboardModule.registerAsync({
      allowUnguarded: true,
      useFactory: () => ({ title: '' }),
    });
    await expect(startWebApp({ name: uniqueName(), imports: [dashboard] })).rejects.toThrow(
      InvalidOptionsError,
    );
  });

  it('can be mounted twice, for those who look and for those who act', async () => {
    const imports = [
      DashboardModule.register({ path: 'queues', allowUnguarded: true, readOnly: false }),
      DashboardModule.register({ path: 'status', allowUnguarded: true }),
    ];
    const web = await startWebApp({ name: uniqueName(), imports });
    const post = (path: string) =>
      fetch(`${web.url}/${path}/actions`, {
        method: 'POST',
        headers: changes,
        body: '{"action":"resume-queue"}',
      });
    expect([(await post('queues')).status, (await post('status')).status]).toEqual([200, 403]);
  });

  it('refuses a body that is no JSON', async () => {
    const web = await start({ allowUnguarded: true, readOnly: false });
    const response = await fetch(`${web.url}/queues/actions`, {
      method: 'POST',
      headers: changes,
      body: '{',
    });
    expect(response.status).toBe(400);
  });
});

describe('its work in Redis', () => {
  it('is the same for one viewer and for many, and none without', async () => {
    const web = await start({ allowUnguarded: true });
    // Every look asks for the numbers once.
    const looks = jest.spyOn(web.queue, 'getQueueStats');
    const during = async (reader: EventReader, states: number): Promise<number> => {
      const [before, wanted] = [looks.mock.calls.length, reader.of('state').length + states];
      await until('it sees more', () => reader.of('state').length >= wanted);
      return looks.mock.calls.length - before;
    };
    const first = await watch(web);
    expect(await during(first, 2)).toBeLessThanOrEqual(3);
    const others = await Promise.all(Array.from({ length: 9 }, () => watch(web)));
    expect(await during(first, 2)).toBeLessThanOrEqual(3);
    for (const reader of [first, ...others]) reader.close();
    await until('all have left', () => [first, ...others].every(({ isOver }) => isOver));
    const elsewhere = await watch(web, `/queues/live?queue=${web.names.feature}`);
    await during(elsewhere, 1);
    expect(await during(elsewhere, 2)).toBe(0);
  });

  it('has a bound on viewers', async () => {
    const web = await start({ allowUnguarded: true });
    const all = await Promise.all(Array.from({ length: 100 }, () => watch(web)));
    expect((await watch(web)).status).toBe(503);
    all[0]!.close();
    await until('one may come', async () => (await watch(web)).status === 200);
  });
});
