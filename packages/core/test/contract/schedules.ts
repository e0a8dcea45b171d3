import { describe, expect, it } from '@jest/globals';
import { startStage, task, type Stage } from './stage.js';
import type { ContractSystem } from './system.js';

const hourMs = 3_600_000;
const note = (identifyTag: string, payload: unknown = 'go') => ({ type: 'note', identifyTag, payload });
const invalid = (option: string) => ({ code: 'AFFINITY_INVALID_SCHEDULE', details: { option } });

/** The times for which tasks of a schedule were made, by their ids. */
const slotsOf = ({ runs }: Pick<Stage, 'runs'>, id: string): number[] =>
  runs.flatMap(({ jobId }) => (jobId.startsWith(`repeat:${id}:`) ? [Number(jobId.split(':').at(-1))] : []));

export function describeSchedules(system: ContractSystem): void {
  const ran = (stage: Stage, id: string, times: number): Promise<void> =>
    system.until(`it has run ${times} times`, () => slotsOf(stage, id).length >= times);

  describe('a schedule', () => {
    it('with an interval runs at once, and then at each interval', async () => {
      const stage = await startStage(system);
      const before = system.nowMs();
      const schedule = await stage.queue.schedule('tick', { every: 40 }, note('t', { n: 1 }), {
        attempts: 2,
      });
      expect(schedule).toMatchObject({
        id: 'tick',
        cron: null,
        tz: null,
        every: 40,
        startDate: null,
        endDate: null,
        limit: null,
        task: { type: 'note', identifyTag: 't', payload: { n: 1 } },
        options: { attempts: 2 },
      });
      await ran(stage, 'tick', 4);
      const [first = 0, ...later] = slotsOf(stage, 'tick');
      expect(first - before).toBeLessThan(1_000);
      expect(first).toBeGreaterThanOrEqual(before - 1);
      expect(later.map((slot) => (slot - first) % 40)).toEqual(later.map(() => 0));
      expect(new Set(slotsOf(stage, 'tick')).size).toBe(later.length + 1);
      expect(stage.runs[0]).toMatchObject({ identifyTag: 't', payload: { n: 1 }, attempt: 1 });
      const now = await stage.queue.getSchedule('tick');
      expect(now!.runs).toBeGreaterThanOrEqual(4);
    });

    it('with a cron expression waits for its time', async () => {
      const stage = await startStage(system);
      const { id, next, nextJobId, ...schedule } = await stage.queue.schedule(
        'nightly',
        { cron: '30 3 * * *', tz: 'Asia/Kolkata' },
        note('t'),
      );
      expect(schedule).toMatchObject({ cron: '30 3 * * *', tz: 'Asia/Kolkata', every: null, runs: 0 });
      // India has no summer time: 03:30 is 22:00 UTC.
      expect(new Date(next!).toISOString()).toMatch(/T22:00:00\.000Z$/);
      expect(next! - system.nowMs()).toBeLessThanOrEqual(24 * hourMs);
      expect(nextJobId).toBe(`repeat:nightly:${next}`);
      const job = await stage.queue.getJob(nextJobId!);
      expect(await job!.getState()).toBe('delayed');
      expect(job!.repeatJobKey).toBe(id);
      expect(await stage.queue.getSchedule('nightly')).toMatchObject({ id, next, nextJobId });
      const { reason, details, text } = await stage.queue.explain(nextJobId!);
      expect({ reason, details }).toEqual({
        reason: 'delayed',
        details: { until: next, failedReason: null, schedule: 'nightly' },
      });
      expect(text.en).toMatch(/^Scheduled for .*T22:00:00Z \(in .*\) by schedule "nightly"$/);
      expect(text.zh).toContain('由定时计划 "nightly" 安排在');
    });

    it('with a cron expression without a time zone goes by UTC', async () => {
      const { queue } = await startStage(system);
      const { tz, next } = await queue.schedule('noon', { cron: '0 12 * * *' }, note('t'));
      expect([tz, new Date(next!).toISOString().slice(11)]).toEqual(['UTC', '12:00:00.000Z']);
    });

    it('with a cron expression of seconds runs each second once', async () => {
      const stage = await startStage(system);
      await stage.queue.schedule('second', { cron: '* * * * * *' }, note('t'));
      await ran(stage, 'second', 3);
      const slots = slotsOf(stage, 'second');
      expect(slots.map((slot) => slot % 1_000)).toEqual(slots.map(() => 0));
      expect(slots).toEqual([...new Set(slots)].sort((a, b) => a - b));
    });

    it('ends after its limit, and can still be read', async () => {
      const stage = await startStage(system);
      await stage.queue.schedule('few', { every: 10, limit: 3 }, note('t'));
      await ran(stage, 'few', 3);
      await system.until('nothing is left', async () => {
        const { waiting, active, delayed } = await stage.queue.getQueueStats();
        return waiting + active + delayed === 0;
      });
      const ended = { runs: 3, limit: 3, next: null, nextJobId: null };
      expect(await stage.queue.getSchedule('few')).toMatchObject(ended);
      // Whoever says again what is scheduled does not begin it anew.
      expect(await stage.queue.schedule('few', { every: 10, limit: 3 }, note('t'))).toMatchObject(ended);
      expect((await stage.queue.getQueueStats()).delayed).toBe(0);
      const more = await stage.queue.schedule('few', { every: 10, limit: 4 }, note('t'));
      expect(more.runs).toBeLessThan(3);
      await ran(stage, 'few', 7);
      expect(await stage.queue.unschedule('few')).toBe(true);
    });

    it('begins at startDate, and has no time after endDate', async () => {
      const stage = await startStage(system);
      const startDate = system.nowMs() + 60;
      const timing = { every: 40, startDate, endDate: new Date(startDate + 100) };
      expect(await stage.queue.schedule('span', timing, note('t'))).toMatchObject({
        startDate,
        endDate: startDate + 100,
        next: startDate,
      });
      await system.until('it has ended', async () => (await stage.queue.getSchedule('span'))!.next === null);
      await system.until('nothing runs', async () => (await stage.queue.getQueueStats()).active === 0);
      const slots = slotsOf(stage, 'span');
      expect(slots[0]).toBe(startDate);
      expect([startDate, startDate + 40, startDate + 80]).toEqual(expect.arrayContaining(slots));
    });

    it('a cron time that falls on startDate counts, one that falls on endDate too', async () => {
      const { queue } = await startStage(system);
      const day = (n: number): number => Math.floor(system.nowMs() / (24 * hourMs) + n) * 24 * hourMs;
      const timing = { cron: '0 0 * * *', startDate: day(2), endDate: day(2) };
      expect((await queue.schedule('one-day', timing, note('t'))).next).toBe(day(2));
    });

    it('keeps the order of its tag', async () => {
      const stage = await startStage(system);
      await stage.hold('t');
      await stage.add('t', 'before');
      await stage.queue.schedule('now', { every: hourMs }, note('t', 'scheduled'));
      const after = await stage.add('t', 'after');
      stage.open();
      await stage.finished(after);
      expect(stage.payloads('t')).toEqual(['hold', 'before', 'scheduled', 'after']);
    });

    it('does not wait for a task of it that fails, and tries that again', async () => {
      const stage = await startStage(system);
      await stage.queue.schedule('shaky', { every: 200, limit: 2 }, note('t', 'fail once'), { backoff: 1 });
      await system.until('both are done', async () => (await stage.queue.getQueueStats()).completed === 2);
      expect(stage.runs.map(({ attempt }) => attempt)).toEqual([1, 2, 1, 2]);
      expect(new Set(slotsOf(stage, 'shaky')).size).toBe(2);
      expect((await stage.queue.getSchedule('shaky'))!.runs).toBe(2);
    });

    it('leaves out the times that pass while its task waits', async () => {
      const stage = await startStage(system);
      await stage.hold('t');
      await stage.queue.schedule('often', { every: 20, limit: 3 }, note('t'));
      const passed = system.nowMs() + 100;
      await system.until('time has passed', () => system.nowMs() > passed);
      expect(slotsOf(stage, 'often')).toEqual([]);
      expect((await stage.queue.getTagStats('t')).waiting).toBe(1);
      stage.open();
      await ran(stage, 'often', 3);
      const [first = 0, second = 0, third] = slotsOf(stage, 'often');
      expect(first).toBeLessThanOrEqual(passed - 90);
      expect(second).toBeGreaterThan(passed - 20);
      expect(third! - second).toBeGreaterThanOrEqual(20);
    });

    it('that is said again keeps its next time, also one that is overdue', async () => {
      const stage = await startStage(system);
      const say = () => stage.queue.schedule('again', { cron: '* * * * * *' }, note('t'));
      await stage.hold('t');
      const { next } = await say();
      const overdue = next! + 1_100;
      await system.until('it is overdue', () => system.nowMs() > overdue);
      expect(await say()).toMatchObject({ next, runs: 0 });
      const changed = await stage.queue.schedule('again', { cron: '* * * * * *' }, note('t', 'new'));
      expect(changed).toMatchObject({ next, runs: 0, task: { payload: 'new' } });
      stage.open();
      await ran(stage, 'again', 1);
      expect(slotsOf(stage, 'again')[0]).toBe(next);
      expect(stage.payloads('t').slice(0, 2)).toEqual(['hold', 'new']);
    });

    it('whose task is changed has it at its next time, and in another tag', async () => {
      const stage = await startStage(system);
      const timing = { cron: '0 0 1 1 *' };
      const before = await stage.queue.schedule('yearly', timing, note('one', 1), { attempts: 5 });
      const after = await stage.queue.schedule('yearly', timing, note('two', 2), { retryOrder: 'skip' });
      expect(after).toMatchObject({ next: before.next, nextJobId: before.nextJobId });
      const job = await stage.queue.getJob(after.nextJobId!);
      expect(job!.data).toEqual({ type: 'note', identifyTag: 'two', payload: 2 });
      expect(job!.opts).toMatchObject({ attempts: 3, retryOrder: 'skip' });
      expect((await stage.queue.getQueueStats()).delayed).toBe(1);
    });

    it('whose timing is changed begins anew, and what waited of it is gone', async () => {
      const stage = await startStage(system);
      await stage.hold('t');
      const old = await stage.queue.schedule('mine', { every: hourMs }, note('t', 'old'));
      await system.until('it is bound', async () => (await stage.queue.getTagStats('t')).waiting === 1);
      const now = await stage.queue.schedule('mine', { cron: '* * * * * *', limit: 2 }, note('t', 'new'));
      expect(await stage.queue.getJob(old.nextJobId!)).toBeUndefined();
      expect(now).toMatchObject({ every: null, cron: '* * * * * *', limit: 2, runs: 0 });
      stage.open();
      await ran(stage, 'mine', 2);
      expect(stage.payloads('t')).toEqual(['hold', 'new', 'new']);
      // From a long interval to a short one: late tasks must not wait for the old interval.
      await stage.queue.schedule('mine', { every: hourMs }, note('t'));
      await ran(stage, 'mine', 3);
      await stage.queue.schedule('mine', { every: 20 }, note('t', 'short'));
      await ran(stage, 'mine', 7);
    });

    it('that is changed while its task runs has the change at its next time', async () => {
      const stage = await startStage(system);
      await stage.queue.schedule('held', { every: 150, limit: 2 }, note('t', 'hold'));
      await ran(stage, 'held', 1);
      await stage.queue.schedule('held', { every: 150, limit: 2 }, note('t', 'changed'));
      stage.open();
      await ran(stage, 'held', 2);
      expect(stage.payloads('t')).toEqual(['hold', 'changed']);
    });
  });

  describe('unschedule', () => {
    it('removes the next task, delayed or waiting', async () => {
      const stage = await startStage(system);
      await stage.hold('t');
      await stage.queue.schedule('later', { cron: '0 0 1 1 *' }, note('t'));
      await stage.queue.schedule('now', { every: hourMs }, note('t', 'never'));
      await system.until('it is bound', async () => (await stage.queue.getTagStats('t')).waiting === 1);
      const ids = (await stage.queue.getSchedules()).map(({ id }) => id);
      expect(ids).toEqual(['now', 'later']);
      expect((await stage.queue.getSchedules(1)).map(({ id }) => id)).toEqual(['now']);
      expect([await stage.queue.unschedule('later'), await stage.queue.unschedule('now')]).toEqual([
        true,
        true,
      ]);
      expect(await stage.queue.getSchedules()).toEqual([]);
      expect(await stage.queue.getSchedule('now')).toBeUndefined();
      expect(await stage.queue.getQueueStats()).toMatchObject({ waiting: 0, delayed: 0 });
      stage.open();
      await stage.finished(await stage.add('t', 'last'));
      expect(stage.payloads('t')).toEqual(['hold', 'last']);
    });

    it('lets a task of it that runs end, with its further attempts, and no other one comes', async () => {
      const stage = await startStage(system);
      await stage.queue.schedule('busy', { every: 30 }, note('t', 'hold'), { attempts: 2 });
      await ran(stage, 'busy', 1);
      expect(await stage.queue.unschedule('busy')).toBe(true);
      stage.open();
      await system.until('it is done', async () => (await stage.queue.getQueueStats()).completed === 1);
      expect(await stage.queue.getQueueStats()).toMatchObject({ waiting: 0, delayed: 0, active: 0 });
    });

    it('says whether there was one', async () => {
      const { queue } = await startStage(system);
      for (const id of ['nobody', '', 'a:1', undefined]) {
        expect(await queue.unschedule(id!)).toBe(false);
        expect(await queue.getSchedule(id!)).toBeUndefined();
      }
    });
  });

  describe('the next task of a schedule', () => {
    it('cannot be removed, because the schedule would end with it', async () => {
      const stage = await startStage(system);
      await stage.queue.pauseTag('t');
      const { nextJobId } = await stage.queue.schedule('mine', { every: hourMs }, note('t'));
      const refused = { code: 'AFFINITY_UNSUPPORTED_OPERATION' };
      await system.until('it is indexed', async () => (await stage.queue.getTagStats('t')).waiting === 1);
      await expect(stage.queue.remove(nextJobId!)).rejects.toMatchObject(refused);
      await expect(stage.queue.cancel(nextJobId!)).rejects.toMatchObject(refused);
      await stage.add('t', 'other');
      await system.until('that one too', async () => (await stage.queue.getTagStats('t')).waiting === 2);
      expect(await stage.queue.purgeTag('t')).toBe(1);
      expect((await stage.queue.getSchedule('mine'))!.nextJobId).toBe(nextJobId);
    });

    it('can be cancelled while it runs, also the last one', async () => {
      const stage = await startStage(system);
      const timing = { every: hourMs, limit: 1 };
      const { nextJobId } = await stage.queue.schedule('last', timing, note('t', 'until aborted'));
      await ran(stage, 'last', 1);
      expect(await stage.queue.remove(nextJobId!)).toBe(false);
      expect(await stage.queue.cancel(nextJobId!)).toBe('aborted');
      await system.until('it has failed', async () => (await stage.queue.getQueueStats()).failed === 1);
    });
  });

  describe('schedule refuses', () => {
    const year = { cron: '0 0 1 1 *' };
    it.each([
      ['no id', '', year, 'id'],
      ['an id that is none', 7, year, 'id'],
      ['an id with a control character', 'a\nb', year, 'id'],
      ['an id like that of a task', 'a:17', year, 'id'],
      ['an id like those of BullMQ 5', 'a:b:c:d:e', year, 'id'],
      ['an id that is too long', 'x'.repeat(201), year, 'id'],
      ['no timing', 'a', undefined, 'timing'],
      ['neither cron nor every', 'a', { limit: 1 }, 'timing'],
      ['both', 'a', { ...year, every: 10 }, 'every'],
      ['what BullMQ calls it', 'a', { pattern: '* * * * *' }, 'pattern'],
      ['another option', 'a', { ...year, often: true }, 'often'],
      ['no cron expression', 'a', { cron: 'every day' }, 'cron'],
      ['no cron expression at all', 'a', { cron: 5 }, 'cron'],
      ['a cron expression of one field', 'a', { cron: '5' }, 'cron'],
      ['a cron expression that never comes', 'a', { cron: '0 0 30 2 *' }, 'cron'],
      ['a cron expression by chance', 'a', { cron: 'H * * * *' }, 'cron'],
      ['no time zone', 'a', { ...year, tz: 'Mars/Olympus' }, 'tz'],
      ['a time zone of an interval', 'a', { every: 10, tz: 'UTC' }, 'tz'],
      ['an interval of 0', 'a', { every: 0 }, 'every'],
      ['an interval of no number', 'a', { every: '5 minutes' }, 'every'],
      ['a limit of 0', 'a', { ...year, limit: 0 }, 'limit'],
      ['no startDate', 'a', { ...year, startDate: 'tomorrow' }, 'startDate'],
      ['an endDate that is over', 'a', { every: 10, endDate: 1_000 }, 'endDate'],
      [
        'an endDate before startDate',
        'a',
        { every: 10, startDate: '2034-01-02', endDate: '2034-01-01' },
        'endDate',
      ],
    ])('%s', async (_what, id, timing, option) => {
      const { queue } = await startStage(system, { role: 'PRODUCER' });
      await expect(
        queue.schedule(id as string, timing as { every: number }, note('t')),
      ).rejects.toMatchObject(invalid(option));
      expect(await queue.getSchedules()).toEqual([]);
    });

    it('a bad task, and options that a schedule has not', async () => {
      const { queue } = await startStage(system, { role: 'PRODUCER' });
      const withOptions = (options: object) => queue.schedule('a', { every: 10 }, note('t'), options);
      const bad = { ...task('t'), identifyTag: '' };
      await expect(queue.schedule('a', { every: 10 }, bad)).rejects.toMatchObject({
        code: 'AFFINITY_INVALID_TASK',
      });
      await expect(withOptions({ attempts: 0 })).rejects.toMatchObject({
        code: 'AFFINITY_INVALID_TASK_OPTION',
      });
      for (const option of [
        { jobId: 'mine' },
        { delay: 5 },
        { deduplication: { id: 'x' } },
        { priority: 1 },
      ]) {
        await expect(withOptions(option)).rejects.toMatchObject({ code: 'AFFINITY_UNSUPPORTED_TASK_OPTION' });
      }
      await expect(queue.getSchedules(0)).rejects.toMatchObject({ code: 'AFFINITY_INVALID_ARGUMENT' });
      expect(await queue.getSchedules()).toEqual([]);
    });
  });
}
