import { afterEach, describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { QueueClosedError, type TaskExplanation } from '../../../src/index.js';
import { closeAll, startInstance } from '../../support/calm.js';
import { upTo } from '../../support/recorder.js';
import { connect, testRedisUrl, uniqueName } from '../../support/redis.js';
import { startStage, task, waitingStates, type Stage } from '../../support/stage.js';
import { until } from '../../support/until.js';

afterEach(closeAll);

type Explained = Omit<TaskExplanation, 'details'> & { readonly details: any };

async function explained(
  { queue }: Pick<Stage, 'queue'>,
  id: string,
  reason: TaskExplanation['reason'],
): Promise<Explained> {
  return until(`the reason is ${reason}`, async () => {
    const found: Explained = await queue.explain(id);
    return found.reason === reason ? found : undefined;
  });
}

describe('explain', () => {
  it('of a task that is not there, whatever is asked for', async () => {
    const stage = await startStage();
    for (const id of ['nope', '', 'meta', 'a:b']) {
      expect(await stage.queue.explain(id)).toMatchObject({
        jobId: id,
        state: 'unknown',
        reason: 'not-found',
        type: null,
        identifyTag: null,
      });
    }
  });

  it('of the longest data that a valid task can have', async () => {
    const stage = await startStage({ queueOptions: { maxPayloadBytes: 10 } });
    // In JSON each of these takes six bytes.
    const identifyTag = '\u0001'.repeat(512);
    await stage.queue.pauseTag(identifyTag);
    const job = await stage.queue.add(task(identifyTag, 'x'.repeat(8)));
    expect(await explained(stage, job.id!, 'tag-paused')).toMatchObject({ identifyTag, state: 'waiting' });
  });

  it('of tasks that run, come next, and are over', async () => {
    const stage = await startStage();
    await stage.hold('t');
    const running = stage.recorder.runs[0]!;
    const [next, last] = await stage.queue.addBulk([task('t'), task('t')]);
    expect(await explained(stage, running.jobId, 'running')).toMatchObject({
      state: 'active',
      type: 'note',
      identifyTag: 't',
      details: { workerId: running.workerId, attempt: 1, lastHeartbeat: expect.any(Number) },
    });
    const second = await explained(stage, last!.id!, 'in-batch');
    expect(second.details).toMatchObject({
      workerId: running.workerId,
      position: 2,
      running: running.jobId,
    });
    expect(second.text.en).toContain(`Number 2 in the batch of worker ${running.workerId}`);
    expect(second.text.zh).toContain('排第 2 位');
    stage.open();
    await stage.queue.waitUntilFinished(last!, 5_000);
    expect(await stage.queue.explain(next!.id!)).toMatchObject({ state: 'completed', reason: 'completed' });
  });

  it('of a task that failed, and of those behind one that is to be tried again', async () => {
    const stage = await startStage();
    const failed = await stage.queue.add(task('f', 'fail'), { attempts: 1 });
    expect((await explained(stage, failed.id!, 'failed')).details).toMatchObject({
      attemptsMade: 1,
      failedReason: 'as it was told',
    });
    const { ids } = await waitingStates['in a back-off']!(stage, ['a', 'b']);
    const { details, text } = await explained(stage, ids[1]!, 'tag-parked');
    expect(details).toMatchObject({ tasksBefore: 2, until: expect.any(Number) });
    expect(text.en).toMatch(/^Tag "t" is backing off until .*; 2 tasks of its tag come before it$/);
    const [first] = await stage.queue.queue.getWaiting();
    expect((await stage.queue.explain(first!.id!)).text.en).toContain(
      'the latest attempt failed: "as it was told"',
    );
  });

  it('of tasks whose tag has its worker, or waits for one', async () => {
    const stage = await startStage({ workerOptions: { maxBatchSize: 2 } });
    await stage.hold('t');
    const jobs = await stage.queue.addBulk([task('t'), task('t'), task('t')]);
    const full = await explained(stage, jobs[2]!.id!, 'tag-bound');
    expect(full.details).toMatchObject({ tasksBefore: 3, batchSize: 2 });
    const [, other] = await stage.queue.addBulk([task('u'), task('v')]);
    expect((await explained(stage, other!.id!, 'workers-busy')).details).toEqual({
      workers: 1,
      tagsBefore: 1,
      tasksBefore: 0,
    });
    stage.open();
  });

  it('of a task in the batch that a busy worker has in advance', async () => {
    const stage = await startStage();
    const { ids, proceed } = await waitingStates['looked ahead']!(stage, ['a', 'b']);
    expect((await explained(stage, ids[1]!, 'in-next-batch')).details).toMatchObject({
      position: 2,
      currentTag: 'busy',
    });
    await proceed();
  });

  it('of tasks of a paused queue, of a paused tag, and of a leader that stands still', async () => {
    const stage = await startStage();
    await stage.queue.pauseTag('t');
    const held = await stage.queue.add(task('t'));
    await explained(stage, held.id!, 'tag-paused');
    await stage.queue.pause();
    await explained(stage, held.id!, 'queue-paused');
    await stage.queue.resume();
    stage.scheduler.stop();
    const redis = connect();
    await until('nobody leads', async () => (await stage.election.getLeader()) === null);
    await redis.set(`scheduler:${stage.name}-pending:election:lock`, 'frozen:1', 'PX', 60_000);
    await redis.quit();
    const [, indexed] = await stage.queue.addBulk([task('u'), task('u')]);
    expect((await explained(stage, indexed!.id!, 'being-bound')).details).toMatchObject({ tasksBefore: 1 });
    const producer = stage.queue.queue; // BullMQ's: its tasks are taken in by the leader
    await producer.addBulk(upTo(2).map(() => ({ name: 'note', data: { identifyTag: 'u' } })));
    const added = await stage.queue.add(task('u'));
    expect((await explained(stage, added.id!, 'not-taken-in')).details).toEqual({ tasksBefore: 2 });
  });

  it('of delayed tasks, and of one whose limit of starts is used up', async () => {
    const stage = await startStage();
    const later = await stage.queue.add(task('t'), { delay: 60_000 });
    const { details, text } = await explained(stage, later.id!, 'delayed');
    expect(details.until).toBe(later.timestamp + 60_000);
    expect(text.en).toMatch(/^Delayed until .* \(in (\d+ s|1 min)\)$/);
    await stage.queue.queue.setGlobalRateLimit(1, 60_000);
    await stage.queue.addBulk([task('a'), task('a')]);
    const waiting = await until('one has run', async () => {
      const { completed } = await stage.queue.getQueueStats();
      return completed === 1 ? stage.queue.queue.getWaiting() : undefined;
    });
    await explained(stage, waiting[0]!.id!, 'rate-limited');
    await stage.queue.queue.removeGlobalRateLimit();
  });

  it('without a leader, and without workers', async () => {
    const name = uniqueName();
    const producer = await startInstance({ name, role: 'PRODUCER' });
    const job = await producer.queue.add(task('t'));
    expect((await producer.queue.explain(job.id!)).reason).toBe('no-leader');
    const scheduler = await startInstance({ name, role: 'SCHEDULER' });
    await explained(producer, job.id!, 'no-workers');
    await scheduler.close();
    expect((await producer.queue.explain(job.id!)).reason).toBe('no-leader');
  });

  it('of a type without a handler: on the worker that has it, and on all of them', async () => {
    const stage = await startStage();
    await stage.hold('t');
    const bound = await stage.queue.add({ type: 'unheard-of', identifyTag: 't', payload: null });
    const { details, text } = await explained(stage, bound.id!, 'no-handler');
    expect(details).toEqual({
      type: 'unheard-of',
      workerIds: [stage.recorder.runs[0]!.workerId],
      registeredTypes: ['note'],
    });
    expect(text.en).toMatch(
      /^No handler for type "unheard-of" on worker .*; there are handlers for: "note"$/,
    );
    const free = await stage.queue.add({ type: 'unheard-of', identifyTag: 'u', payload: null });
    expect((await explained(stage, free.id!, 'no-handler')).details.workerIds).toEqual([]);
    stage.open();
  });

  it('of a task with a tag that nobody can use', async () => {
    const stage = await startStage();
    await stage.hold('t');
    const foreign = new Queue(`${stage.name}-pending`, { connection: { url: testRedisUrl() } });
    const job = await foreign.add('note', 'no object');
    await foreign.close();
    const found = await explained(stage, job.id!, 'marked-failed');
    expect(found).toMatchObject({ identifyTag: null, state: 'waiting' });
    expect(found.details.failedReason).toContain('malformed task');
    stage.open();
  });

  it('is refused once the queue is closed', async () => {
    const stage = await startStage();
    await stage.close();
    await expect(stage.queue.explain('x')).rejects.toBeInstanceOf(QueueClosedError);
  });
});
