import { expect, it } from '@jest/globals';
import type { Job } from 'bullmq';
import { lookUpTask } from './task-lookup.js';

const job = {
  name: 'note',
  data: { identifyTag: 't', type: 'note', payload: 'secret' },
  timestamp: 5,
  attemptsMade: 1,
  opts: { attempts: 3 },
  failedReason: 'x'.repeat(5_000),
} as unknown as Job;

const explanation = {
  jobId: '1',
  state: 'waiting',
  reason: 'tag-paused',
  details: { payload: 'secret' },
  text: { en: 'Tag "t" is paused', zh: '标签已暂停' },
};

it('a task is shown with the reason why it waits, without its payload', async () => {
  const found = await lookUpTask({ getJob: async () => job, explain: async () => explanation }, '1');
  expect(found).toMatchObject({
    ...{ jobId: '1', found: true, state: 'waiting', type: 'note', tag: 't', addedAt: 5, startedAt: null },
    ...{ attemptsMade: 1, attempts: 3 },
    explanation: { reason: 'tag-paused', text: explanation.text },
  });
  expect(found.failedReason).toHaveLength(1_000);
  expect(JSON.stringify(found)).not.toContain('secret');
});

it('a task of another producer can be without a tag', async () => {
  const foreign = { ...job, data: 'text' } as unknown as Job;
  expect(
    await lookUpTask({ getJob: async () => foreign, explain: async () => explanation }, '1'),
  ).toMatchObject({ tag: null, found: true });
});

it('a task that is not there is unknown', async () => {
  const nowhere = { ...explanation, state: 'unknown', reason: 'not-found' };
  const queue = { getJob: async () => undefined, explain: async () => nowhere };
  expect(await lookUpTask(queue, '1')).toMatchObject({ found: false, state: 'unknown', type: null });
});
