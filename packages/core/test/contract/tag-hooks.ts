import { describe, expect, it } from '@jest/globals';
import {
  InvalidHandlerError,
  type QueueModuleOptions,
  type TagBinding,
  type TagHooks,
  type TagRelease,
} from '../../src/index.js';
import { gate } from '../support/until.js';
import { task, upTo } from './stage.js';
import type { ContractQueue, ContractSystem } from './system.js';

interface Hooked extends ContractQueue {
  /** What happened, in order: `bound t`, `begin 1`, `end 1`, `released t: empty`. */
  readonly diary: string[];
  readonly bindings: TagBinding[];
  readonly releases: TagRelease[];
  /** Lets the handlers end that hold. */
  readonly open: () => void;
}

/** Payload 'hold' runs until the gate opens, whatever its signal says; 'fail' throws, 'fail once' in its first attempt. */
async function startHooked(
  system: ContractSystem,
  options: QueueModuleOptions = {},
  hooks: TagHooks = {},
): Promise<Hooked> {
  const diary: string[] = [];
  const bindings: TagBinding[] = [];
  const releases: TagRelease[] = [];
  const held = gate();
  const application = await system.start(options, (workers) => {
    workers.registerTagHooks({
      bound: async (binding) => {
        await hooks.bound?.(binding);
        bindings.push(binding);
        diary.push(`bound ${binding.identifyTag}`);
      },
      released: async (release) => {
        await hooks.released?.(release);
        releases.push(release);
        diary.push(`released ${release.identifyTag}: ${release.reason}`);
      },
    });
    workers.registerHandler('note', async (payload: unknown, { attempt }) => {
      diary.push(`begin ${String(payload)}`);
      if (payload === 'hold') await held.promise;
      diary.push(`end ${String(payload)}`);
      if (payload === 'fail' || (payload === 'fail once' && attempt === 1)) throw new Error('as it was told');
    });
  });
  return { ...application, diary, bindings, releases, open: held.open };
}

/** Adds tasks that are all indexed before the first one starts: they are one batch, as far as it goes. */
async function addTogether(
  system: ContractSystem,
  { queue }: ContractQueue,
  identifyTag: string,
  payloads: readonly unknown[],
  options = {},
): Promise<void> {
  await queue.pauseTag(identifyTag);
  await queue.addBulk(payloads.map((payload) => task(identifyTag, payload, options)));
  const indexed = async () => (await queue.getTagStats(identifyTag)).waiting === payloads.length;
  await system.until('all are indexed', indexed);
  await queue.resumeTag(identifyTag);
}

export function describeTagHooks(system: ContractSystem): void {
  describe('the hooks of a tag', () => {
    it('run around the handlers of a batch, and know what it is', async () => {
      const stage = await startHooked(system);
      await addTogether(system, stage, 't', [1, 2]);
      await system.until('the tag is released', () => stage.releases.length === 1);
      expect(stage.diary).toEqual(['bound t', 'begin 1', 'end 1', 'begin 2', 'end 2', 'released t: empty']);
      const [{ workerId } = { workerId: '' }] = stage.workers.getWorkerStates();
      const binding = { queue: undefined, identifyTag: 't', workerId, batchSize: 2 };
      expect(stage.bindings).toEqual([{ ...binding, fencingToken: expect.any(Number) }]);
      expect(stage.releases).toEqual([{ ...stage.bindings[0], reason: 'empty' }]);
    });

    it('say that the batch was full', async () => {
      const stage = await startHooked(system, { workerOptions: { maxBatchSize: 2 } });
      await addTogether(system, stage, 't', [1, 2, 3]);
      await system.until('the tag is released twice', () => stage.releases.length === 2);
      const first = ['bound t', 'begin 1', 'end 1', 'begin 2', 'end 2', 'released t: limit'];
      expect(stage.diary).toEqual([...first, 'bound t', 'begin 3', 'end 3', 'released t: empty']);
      const [one, other] = stage.bindings;
      expect(other!.fencingToken).toBeGreaterThan(one!.fencingToken);
    });

    it('say that a task is to be tried again', async () => {
      const stage = await startHooked(system);
      await addTogether(system, stage, 't', ['fail once', 2], { backoff: 20 });
      await system.until('the tag is released twice', () => stage.releases.length === 2);
      const failing = ['bound t', 'begin fail once', 'end fail once'];
      expect(stage.diary).toEqual([
        ...[...failing, 'released t: retry'],
        ...[...failing, 'begin 2', 'end 2', 'released t: empty'],
      ]);
    });

    it('stay open where the batch goes on without the task that failed', async () => {
      const stage = await startHooked(system);
      await addTogether(system, stage, 't', ['fail', 2], { attempts: 1 });
      // Its second attempt is far away.
      await addTogether(system, stage, 'u', ['fail once', 3], { backoff: 600_000, retryOrder: 'skip' });
      await system.until('both are released', () => stage.releases.length === 2);
      const ofT = ['bound t', 'begin fail', 'end fail', 'begin 2', 'end 2', 'released t: empty'];
      const ofU = ['bound u', 'begin fail once', 'end fail once', 'begin 3', 'end 3', 'released u: empty'];
      expect(stage.diary).toEqual([...ofT, ...ofU]);
    });

    it('say that the tag was paused', async () => {
      const stage = await startHooked(system);
      await addTogether(system, stage, 't', ['hold', 2]);
      await system.until('it runs', () => stage.diary.includes('begin hold'));
      await stage.queue.pauseTag('t');
      stage.open();
      await system.until('the tag is released', () => stage.releases.length === 1);
      expect(stage.diary).toEqual(['bound t', 'begin hold', 'end hold', 'released t: paused']);
    });

    it('say that the worker stops, once its handler has ended', async () => {
      const stage = await startHooked(system);
      await addTogether(system, stage, 't', ['hold', 2]);
      await system.until('it runs', () => stage.diary.includes('begin hold'));
      const stopped = stage.workers.stop();
      stage.open();
      await system.settled(stopped);
      expect(stage.diary).toEqual(['bound t', 'begin hold', 'end hold', 'released t: shutdown']);
      expect(await stage.queue.getTagStats('t')).toMatchObject({ waiting: 1, boundTo: [] });
    });

    it('wait for a handler that outlives the shutdown', async () => {
      const stage = await startHooked(system, { workerOptions: { shutdownTimeout: 50 } });
      await addTogether(system, stage, 't', ['hold']);
      await system.until('it runs', () => stage.diary.includes('begin hold'));
      await system.settled(stage.workers.stop());
      expect(stage.diary).toEqual(['bound t', 'begin hold']);
      stage.open();
      await system.until('the tag is released', () => stage.releases.length === 1);
      expect(stage.diary).toEqual(['bound t', 'begin hold', 'end hold', 'released t: shutdown']);
    });

    it('wait for a handler that outlives its time, which nothing else does', async () => {
      const stage = await startHooked(system, { workerOptions: { taskTimeout: 40 } });
      await addTogether(system, stage, 't', ['hold', 2], { attempts: 1 });
      await addTogether(system, stage, 'u', [3]);
      await system.until('the other tag is done', () => stage.diary.includes('released u: empty'));
      const ofT = ['bound t', 'begin hold', 'begin 2', 'end 2'];
      expect(stage.diary).toEqual([...ofT, 'bound u', 'begin 3', 'end 3', 'released u: empty']);
      stage.open();
      await system.until('the tag is released', () => stage.releases.length === 2);
      expect(stage.diary.slice(-2)).toEqual(['end hold', 'released t: empty']);
    });

    it('stay open while the queue is paused', async () => {
      const stage = await startHooked(system);
      await addTogether(system, stage, 't', ['hold', 2]);
      await system.until('it runs', () => stage.diary.includes('begin hold'));
      await stage.queue.pause();
      stage.open();
      await system.until('it is done', async () => (await stage.queue.getQueueStats()).completed === 1);
      await stage.queue.resume();
      await system.until('the tag is released', () => stage.releases.length === 1);
      const handlers = ['begin hold', 'end hold', 'begin 2', 'end 2'];
      expect(stage.diary).toEqual(['bound t', ...handlers, 'released t: empty']);
    });

    it('are not called for a batch of which no task runs', async () => {
      const stage = await startHooked(system);
      await stage.queue.add({ type: 'unknown', identifyTag: 't', payload: 1 }, { attempts: 1 });
      await system.until('it has failed', async () => (await stage.queue.getQueueStats()).failed === 1);
      await addTogether(system, stage, 'u', [1]);
      await system.until('the tag is released', () => stage.releases.length === 1);
      expect(stage.diary).toEqual(['bound u', 'begin 1', 'end 1', 'released u: empty']);
    });

    it('are awaited, and the tag is bound nowhere else until its release hook has ended', async () => {
      const slowly = gate();
      const isReleasing = gate();
      let binds = 0;
      const stage = await startHooked(
        system,
        { workerOptions: { workerCount: 2, maxBatchSize: 1 } },
        {
          bound: ({ identifyTag }) => void (binds += identifyTag === 't' ? 1 : 0),
          released: async ({ identifyTag }) => {
            if (identifyTag !== 't') return;
            isReleasing.open();
            await slowly.promise;
          },
        },
      );
      await addTogether(system, stage, 't', [1, 2]);
      await system.settled(isReleasing.promise);
      // The other worker is free, and does this; the tag stays where it is.
      const other = await stage.queue.add(task('u', 'other'));
      await system.settled(stage.queue.waitUntilFinished(other, 5_000));
      expect([binds, (await stage.queue.getTagStats('t')).boundTo.length]).toEqual([1, 1]);
      slowly.open();
      await system.until('both batches are released', () => stage.releases.length === 3);
      expect(stage.diary.filter((row) => !/ u|other/.test(row))).toEqual([
        ...['bound t', 'begin 1', 'end 1', 'released t: limit'],
        ...['bound t', 'begin 2', 'end 2', 'released t: empty'],
      ]);
    });

    it('are called again where tasks join a batch that was about to end', async () => {
      const slowly = gate();
      const isReleasing = gate();
      const stage = await startHooked(
        system,
        {},
        {
          released: async () => {
            isReleasing.open();
            await slowly.promise;
          },
        },
      );
      await addTogether(system, stage, 't', [1]);
      await system.settled(isReleasing.promise);
      await stage.queue.add(task('t', 2));
      const isToppedUp = async () => (await stage.queue.getWorkers())[0]?.currentBatchSize === 2;
      await system.until('it has joined the batch', isToppedUp);
      slowly.open();
      await system.until('the tag is released twice', () => stage.releases.length === 2);
      const run = (n: number) => ['bound t', `begin ${n}`, `end ${n}`, 'released t: empty'];
      expect(stage.diary).toEqual([...run(1), ...run(2)]);
      expect(new Set(stage.bindings.map(({ fencingToken }) => fencingToken)).size).toBe(1);
    });
  });

  describe('a bound hook that throws', () => {
    it('fails the attempt with its error, and is tried anew before the next one', async () => {
      let tries = 0;
      const stage = await startHooked(
        system,
        {},
        {
          bound: () => {
            tries += 1;
            if (tries <= 2) throw new Error(`no connection ${tries}`);
          },
        },
      );
      const job = await stage.queue.add(task('t', 1), { attempts: 3, backoff: 5 });
      await system.settled(stage.queue.waitUntilFinished(job, 5_000));
      await system.until('the tag is released', () => stage.releases.length === 1);
      expect(stage.diary).toEqual(['bound t', 'begin 1', 'end 1', 'released t: empty']);
      const { attemptsMade, attemptsStarted } = (await stage.queue.getJob(job.id!))!;
      expect({ tries, attemptsMade, attemptsStarted }).toEqual({
        tries: 3,
        attemptsMade: 3,
        attemptsStarted: 3,
      });
      const doomed = await stage.queue.add(task('t', 2), { attempts: 1 });
      tries = 1;
      await expect(system.settled(stage.queue.waitUntilFinished(doomed, 5_000))).rejects.toThrow(
        'no connection 2',
      );
    });

    it('leaves open what others opened, until the batch ends, and only that is released', async () => {
      const diary: string[] = [];
      let fails = true;
      const { queue } = await system.start({}, (workers) => {
        const named = (name: string, bound = () => undefined): TagHooks => ({
          bound: () => {
            diary.push(`bound ${name}`);
            bound();
          },
          released: ({ reason }) => {
            diary.push(`released ${name}: ${reason}`);
            if (reason === 'retry') fails = false;
          },
        });
        workers.registerTagHooks(named('first'));
        workers.registerTagHooks(
          named('second', () => {
            if (fails) throw new Error('not yet');
          }),
        );
        workers.registerHandler('note', (payload: unknown) => void diary.push(`run ${String(payload)}`));
      });
      await queue.pauseTag('t');
      await queue.addBulk([task('t', 1, { attempts: 1 }), task('t', 2, { attempts: 2, backoff: 5 })]);
      await system.until('all are indexed', async () => (await queue.getTagStats('t')).waiting === 2);
      await queue.resumeTag('t');
      await system.until('all is done', () => diary.includes('released first: empty'));
      expect(diary).toEqual([
        // The first task failed for good and the batch went on; the second one ended it.
        ...['bound first', 'bound second', 'bound second', 'released first: retry'],
        ...['bound first', 'bound second', 'run 2'],
        ...['released second: empty', 'released first: empty'],
      ]);
    });
  });

  describe('a release hook that throws', () => {
    it('is told of, and the worker goes on; the other hooks are released', async () => {
      const faults: unknown[] = [];
      const released: string[] = [];
      const { queue } = await system.start({}, (workers) => {
        workers.registerTagHooks({ released: ({ identifyTag }) => void released.push(identifyTag) });
        workers.registerTagHooks({
          released: async ({ identifyTag }) => Promise.reject(new Error(`cannot close ${identifyTag}`)),
        });
        workers.registerHandler('note', () => 'done');
      });
      queue.errors$.subscribe((fault) => faults.push(fault));
      const jobs = await queue.addBulk(['t', 'u'].map((tag) => task(tag)));
      const results = Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 5_000)));
      expect(await system.settled(results)).toEqual(['done', 'done']);
      await system.until('both are released', () => released.length === 2 && faults.length === 2);
      expect(released.sort()).toEqual(['t', 'u']);
      expect(faults.map((fault) => (fault as Error).message).sort()).toEqual([
        'cannot close t',
        'cannot close u',
      ]);
    });
  });

  it('hooks of a tag must be functions', async () => {
    await system.start({}, (workers) => {
      for (const hooks of [undefined, null, {}, { bound: 1 }, { bound: () => 1, released: 'no' }, 'hooks']) {
        expect(() => workers.registerTagHooks(hooks as never)).toThrow(InvalidHandlerError);
      }
    });
  });

  it('every batch of many tags on several workers is bound once and released once', async () => {
    const open = new Map<string, string>();
    const problems: string[] = [];
    const reasons = new Set<string>();
    let bound = 0;
    let released = 0;
    const { queue } = await system.start(
      { workerOptions: { workerCount: 4, maxBatchSize: 3 } },
      (workers) => {
        workers.registerTagHooks({
          bound: ({ identifyTag, workerId }) => {
            bound += 1;
            if (open.has(identifyTag)) problems.push(`${identifyTag} is bound twice`);
            open.set(identifyTag, workerId);
          },
          released: ({ identifyTag, workerId, reason }) => {
            released += 1;
            reasons.add(reason);
            if (open.get(identifyTag) !== workerId) problems.push(`${identifyTag} is not bound there`);
            open.delete(identifyTag);
          },
        });
        workers.registerHandler('note', (payload: number, { identifyTag, workerId, attempt }) => {
          if (open.get(identifyTag) !== workerId) problems.push(`${identifyTag} runs unbound`);
          if (payload % 5 === 0 && attempt === 1) throw new Error('the first time');
        });
      },
    );
    const tasks = upTo(120).map((n) => task(`t${n % 15}`, n, { attempts: 2, backoff: n % 3 }));
    const jobs = await queue.addBulk(tasks);
    await system.settled(Promise.all(jobs.map((job) => queue.waitUntilFinished(job, 20_000))));
    await system.until('all are released', () => released === bound);
    expect(problems).toEqual([]);
    expect([...open]).toEqual([]);
    expect(bound).toBeGreaterThan(40);
    expect([...reasons].sort()).toEqual(expect.arrayContaining(['empty', 'retry']));
  });
}
