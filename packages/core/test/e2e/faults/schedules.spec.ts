import { afterEach, describe, expect, it } from '@jest/globals';
import { nextCronSlot, nextIntervalSlot } from '../../../src/domain/schedule-slots.js';
import type { ScheduleTiming } from '../../../src/index.js';
import { FaultProxy } from '../../support/proxy/fault-proxy.js';
import { until } from '../../support/until.js';
import { clearStage, Scene } from './support/scene.js';
import type { ChildInstance } from './support/child-instance.js';

afterEach(clearStage);

const note = (identifyTag: string, payload: object = {}) => ({
  type: 'note',
  identifyTag,
  payload: { n: 0, ...payload },
});
const everySecond: ScheduleTiming = { cron: '* * * * * *' };

/** One task of a schedule, when it is over. */
interface Ran {
  readonly slot: number;
  readonly finishedOn: number;
}

async function ranOf(scene: Scene, id: string): Promise<Ran[]> {
  const jobs = await scene.producer.queue.queue.getJobs(['completed'], 0, -1, true);
  return jobs
    .filter((job) => job.repeatJobKey === id)
    .map((job) => ({ slot: Number(job.id!.split(':').at(-1)), finishedOn: job.finishedOn! }))
    .sort((a, b) => a.slot - b.slot);
}

/** Slots that were left out although the task before them had ended by then; and what is no slot. */
function wrongSlots(ran: readonly Ran[], next: (slot: number, now: number) => number): unknown[] {
  return ran.slice(1).flatMap(({ slot }, i) => {
    const before = ran[i]!;
    const latest = next(before.slot, Math.max(before.slot, before.finishedOn));
    return slot <= latest && slot === next(slot - 1, slot - 1) ? [] : [{ before, slot, latest }];
  });
}

const nextSecond = (slot: number, now: number): number =>
  nextCronSlot({ cron: '* * * * * *', tz: 'UTC' }, Math.max(slot, now))!;

/** Of an interval, given one of its slots. */
const nextOf =
  (every: number, one: number) =>
  (slot: number, now: number): number => {
    const offset = one % every;
    const aligned = Math.floor((slot - offset) / every) * every + offset;
    return nextIntervalSlot({ every, offset }, aligned, now);
  };

/** Attempts in which the handler began, by task; the same one can begin again where its process was killed. */
async function startsOf(scene: Scene, tag: string): Promise<Map<string, string[]>> {
  const starts = new Map<string, string[]>();
  for (const { jobId, nodeId } of await scene.journal.of(tag, 'started')) {
    starts.set(jobId, [...(starts.get(jobId) ?? []), nodeId]);
  }
  return starts;
}

const ids = (id: string, ran: readonly Ran[]): string[] => ran.map(({ slot }) => `repeat:${id}:${slot}`);

describe('schedules, while leaders and workers are killed, resign and start', () => {
  it('run each of their slots once, and leave out only those that passed before the task before them had begun', async () => {
    const scene = await Scene.open();
    const { queue } = scene.producer;
    const every = 150;
    let living: ChildInstance[] = await Promise.all([scene.startChild(), scene.startChild()]);
    await scene.untilLeader();
    await queue.schedule('tick', { every }, note('tick'));
    await queue.schedule('second', everySecond, note('second'), { removeOnComplete: false });
    const dead: string[] = [];
    const more = async (): Promise<void> => {
      const before = (await ranOf(scene, 'tick')).length;
      const done = async () => (await ranOf(scene, 'tick')).length >= before + 2;
      await until('it goes on', done, { timeoutMs: 20_000 });
    };
    const leader = async (): Promise<ChildInstance> => {
      const nodeId = await scene.untilLeader(...dead);
      return living.find((child) => child.nodeId === nodeId)!;
    };
    await more();
    for (const act of ['kill the leader', 'resign', 'kill a worker', 'stop the leader']) {
      const leads = await leader();
      const victim = act === 'kill a worker' ? living.find((child) => child !== leads)! : leads;
      if (act === 'resign') await victim.ask('resign');
      else {
        await (act === 'stop the leader' ? victim.stop() : victim.kill());
        dead.push(victim.nodeId);
        living = living.filter((child) => child !== victim);
        living.push(await scene.startChild());
      }
      await more();
    }
    expect([await queue.unschedule('tick'), await queue.unschedule('second')]).toEqual([true, true]);
    await until('nothing of them is left', async () => {
      const { waiting, active, delayed } = await queue.getQueueStats();
      return waiting + active + delayed === 0;
    });
    const [tick, second] = [await ranOf(scene, 'tick'), await ranOf(scene, 'second')];
    expect(wrongSlots(tick, nextOf(every, tick[0]!.slot))).toEqual([]);
    expect(wrongSlots(second, nextSecond)).toEqual([]);
    expect(second.length).toBeGreaterThan(1);
    for (const [id, ran] of [['tick', tick] as const, ['second', second] as const]) {
      const starts = await startsOf(scene, id);
      expect([...starts.keys()].sort()).toEqual(ids(id, ran).sort());
      const repeated = [...starts.values()].filter((nodes) => nodes.length > 1);
      expect(repeated.filter((nodes) => !nodes.slice(0, -1).every((node) => dead.includes(node)))).toEqual(
        [],
      );
    }
    expect(await scene.journal.overlaps(dead)).toEqual([]);
  });

  it('leave nothing out where nobody dies', async () => {
    const scene = await Scene.open();
    const [first, second] = await Promise.all([scene.startLocal(), scene.startLocal()]);
    await scene.untilLeader();
    const every = 200;
    await scene.producer.queue.schedule('tick', { every }, note('tick'));
    const done = async (count: number) => (await ranOf(scene, 'tick')).length >= count;
    for (const count of [3, 6, 9]) {
      await until('it goes on', () => done(count));
      await (first.election.isLeader() ? first : second).election.resign();
    }
    await until('it goes on', () => done(12));
    await scene.producer.queue.unschedule('tick');
    const ran = await ranOf(scene, 'tick');
    expect(wrongSlots(ran, nextOf(every, ran[0]!.slot))).toEqual([]);
    const starts = await startsOf(scene, 'tick');
    expect([...starts.values()].filter((nodes) => nodes.length > 1)).toEqual([]);
  });

  it('go on after everybody has died: what was due meanwhile runs once, also where it is scheduled anew at the start', async () => {
    const scene = await Scene.open();
    const { queue } = scene.producer;
    const children = await Promise.all([scene.startChild(), scene.startChild()]);
    await scene.untilLeader();
    const say = () => queue.schedule('second', everySecond, note('second'));
    await say();
    await until('it has run', async () => (await ranOf(scene, 'second')).length > 0, { timeoutMs: 15_000 });
    await Promise.all(children.map((child) => child.kill()));
    const { next, nextJobId } = await until('the next one waits', async () => {
      const schedule = (await queue.getSchedule('second'))!;
      return schedule.next === null ? undefined : schedule;
    });
    const nobodyUntil = next! + 2_500;
    await until('slots have passed', () => Date.now() > nobodyUntil);
    expect(await say()).toMatchObject({ next, nextJobId });
    await Promise.all([scene.startLocal(), scene.startLocal()]);
    const later = async () => (await ranOf(scene, 'second')).filter(({ slot }) => slot > next!).length >= 2;
    await until('it goes on', later, { timeoutMs: 20_000 });
    await queue.unschedule('second');
    const ran = await ranOf(scene, 'second');
    expect(ran.map(({ slot }) => slot)).toContain(next);
    expect(ran.some(({ slot }) => slot > next! && slot < nobodyUntil)).toBe(false);
    expect(wrongSlots(ran, nextSecond)).toEqual([]);
    const starts = await startsOf(scene, 'second');
    const dead = children.map(({ nodeId }) => nodeId);
    const repeated = [...starts.values()].filter((nodes) => nodes.length > 1);
    expect(repeated.filter((nodes) => !dead.includes(nodes[0]!))).toEqual([]);
  });
});

describe('a worker that dies between taking a task of a schedule and making the next one', () => {
  it.each([
    ['before Redis has it', 'hold-request'],
    ['after Redis has it', 'hold-reply'],
  ] as const)('%s, ends nothing and doubles nothing', async (_when, kind) => {
    const scene = await Scene.open();
    const proxy = await FaultProxy.start();
    const held = proxy.plan(kind, 'advanceScheduler');
    const doomed = await scene.startChild({ role: 'WORKER', redisOptions: { url: proxy.url } });
    await scene.startLocal({ role: 'SCHEDULER' });
    const timing = { every: 200, limit: 3 };
    const { next } = await scene.producer.queue.schedule('tick', timing, note('tick'));
    await held.happened;
    await doomed.kill();
    await scene.startLocal({ role: 'WORKER' });
    await scene.untilCompleted(3);
    const ran = await ranOf(scene, 'tick');
    expect(ran[0]!.slot).toBe(next);
    expect(wrongSlots(ran, nextOf(200, next!))).toEqual([]);
    const starts = await startsOf(scene, 'tick');
    expect([...starts.values()].map((nodes) => nodes.length)).toEqual([1, 1, 1]);
    expect(await scene.producer.queue.getSchedule('tick')).toMatchObject({ runs: 3, next: null });
    await held.release();
    expect(await scene.producer.queue.getQueueStats()).toMatchObject({ waiting: 0, active: 0, delayed: 0 });
    await proxy.close();
  });
});
