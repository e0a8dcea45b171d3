import { describe, expect, it } from '@jest/globals';
import { AffinityQueueError, InvalidOptionsError, type QueueModuleOptions } from '../../src/index.js';
import { startStage, task } from './stage.js';
import type { ContractSystem } from './system.js';

const circular: Record<string, unknown> = {};
circular.self = circular;

const badTasks: [what: string, task: unknown, field: string][] = [
  ['nothing', undefined, 'task'],
  ['a text', 'note', 'task'],
  ['no type', { identifyTag: 't', payload: 1 }, 'type'],
  ['an empty tag', { type: 'note', identifyTag: '', payload: 1 }, 'identifyTag'],
  ['a tag that is a number', { type: 'note', identifyTag: 5, payload: 1 }, 'identifyTag'],
  ['a tag that is too long', { type: 'note', identifyTag: 'x'.repeat(513), payload: 1 }, 'identifyTag'],
  ['a tag with half an emoji', { type: 'note', identifyTag: '\uD83D', payload: 1 }, 'identifyTag'],
  ['a payload with a function', { type: 'note', identifyTag: 't', payload: () => 1 }, 'payload'],
  ['a circular payload', { type: 'note', identifyTag: 't', payload: circular }, 'payload'],
  [
    'a payload that is too large',
    { type: 'note', identifyTag: 't', payload: 'x'.repeat(262_143) },
    'payload',
  ],
];

const badOptions: [options: unknown, code: string][] = [
  [{ priority: 1 }, 'AFFINITY_UNSUPPORTED_TASK_OPTION'],
  [{ lifo: true }, 'AFFINITY_UNSUPPORTED_TASK_OPTION'],
  [{ nonsense: 1 }, 'AFFINITY_UNSUPPORTED_TASK_OPTION'],
  [{ attempts: 0 }, 'AFFINITY_INVALID_TASK_OPTION'],
  [{ delay: -1 }, 'AFFINITY_INVALID_TASK_OPTION'],
  [{ backoff: { type: 'linear', delay: 1 } }, 'AFFINITY_INVALID_TASK_OPTION'],
  [{ retryOrder: 'later' }, 'AFFINITY_INVALID_TASK_OPTION'],
  [{ deduplication: {} }, 'AFFINITY_INVALID_TASK_OPTION'],
  [{ jobId: 'meta' }, 'AFFINITY_RESERVED_JOB_ID'],
  [{ jobId: '17' }, 'AFFINITY_RESERVED_JOB_ID'],
  [{ jobId: 'a:b' }, 'AFFINITY_RESERVED_JOB_ID'],
];

const badModuleOptions: [options: unknown, option: string][] = [
  [{ role: 'BOSS' }, 'role'],
  [{ workerOptions: { maxBatchSize: 0 } }, 'workerOptions.maxBatchSize'],
  [{ workerOptions: { maxBatchSize: 1_001 } }, 'workerOptions.maxBatchSize'],
  [{ workerOptions: { workerCount: '2' } }, 'workerOptions.workerCount'],
  [{ queueOptions: { pendingQueueName: 'a b' } }, 'queueOptions.pendingQueueName'],
  [{ queueOptions: { identifyTagConcurrency: 0 } }, 'queueOptions.identifyTagConcurrency'],
  [{ workerOption: {} }, 'workerOption'],
];

/** The code of the error of ours with which a call rejects, and which part of a task it is about. */
async function problemOf(call: Promise<unknown>): Promise<object> {
  const error: unknown = await call.catch((reason: unknown) => reason);
  if (!(error instanceof AffinityQueueError)) return { unexpected: error };
  const { field, index } = error.details as { field?: string; index?: number };
  return { code: error.code, ...(field && { field }), ...(index !== undefined && { index }) };
}

export function describeValidation(system: ContractSystem): void {
  const rejects = async (call: Promise<unknown>, expected: object): Promise<void> => {
    await expect(call).rejects.toBeInstanceOf(AffinityQueueError);
    await expect(call).rejects.toMatchObject(expected);
  };

  describe('validation', () => {
    it('refuses bad tasks, alone and in bulk, and adds nothing', async () => {
      const { queue } = await startStage(system, { role: 'PRODUCER' });
      for (const [what, bad, field] of badTasks) {
        const outcomes = [queue.add(bad as never), queue.addBulk([task('t'), bad as never])].map(problemOf);
        const problem = { code: 'AFFINITY_INVALID_TASK', field };
        expect([what, ...(await Promise.all(outcomes))]).toEqual([what, problem, { ...problem, index: 1 }]);
      }
      expect(await queue.getQueueStats()).toMatchObject({ waiting: 0 });
    });

    it('refuses bad options of a task, and adds nothing', async () => {
      const { queue } = await startStage(system, { role: 'PRODUCER' });
      for (const [options, code] of badOptions) {
        const outcome = await problemOf(queue.add(task('t'), options as never));
        expect([options, outcome]).toEqual([options, { code }]);
      }
      expect(await queue.getQueueStats()).toMatchObject({ waiting: 0, delayed: 0 });
    });

    it('refuses arguments that are none', async () => {
      const { queue, workers } = await startStage(system, { role: 'PRODUCER' });
      const invalid = { code: 'AFFINITY_INVALID_ARGUMENT' };
      await rejects(queue.addBulk('tasks' as never), invalid);
      for (const timeoutMs of [-1, Number.NaN, '1000', null])
        await rejects(queue.waitUntilFinished('any', timeoutMs as never), invalid);
      for (const filter of [null, { tag: 't' }, { type: '' }, { limit: -1 }, { limit: 1.5 }])
        await rejects(queue.retryFailed(filter as never), invalid);
      await rejects(queue.retryFailed({ identifyTag: '' }), { code: 'AFFINITY_INVALID_TASK' });
      for (const method of ['getTagStats', 'pauseTag', 'resumeTag', 'purgeTag'] as const)
        await rejects(queue[method](''), { code: 'AFFINITY_INVALID_TASK' });
      expect(() => workers.registerHandler('', () => 1)).toThrow(
        expect.objectContaining({ code: 'AFFINITY_INVALID_HANDLER' }),
      );
      expect(() => workers.registerHandler('note', () => 1)).toThrow(
        expect.objectContaining({ code: 'AFFINITY_HANDLER_ALREADY_REGISTERED' }),
      );
    });

    it.each(badModuleOptions)('does not start with the options %j', async (options, option) => {
      const started = system.start(options as QueueModuleOptions, () => undefined);
      await expect(started).rejects.toBeInstanceOf(InvalidOptionsError);
      await expect(started).rejects.toMatchObject({
        details: { problems: [expect.objectContaining({ option })] },
      });
    });
  });
}
