import { describe, expect, it } from '@jest/globals';
import { taskSchema } from './task.schema.js';

const valid = {
  type: 'send-email',
  identifyTag: 'company-123',
  payload: { to: 'user@example.com', subject: '欢迎邮件' },
};

const messagesOf = (task: unknown) =>
  taskSchema.safeParse(task).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

describe('taskSchema', () => {
  it.each([
    valid,
    { ...valid, payload: { to: 'user@example.com' } },
    { ...valid, options: { jobId: 'welcome-123', delay: 500 } },
    { ...valid, payload: { to: 'user@example.com', anything: ['else'] } },
    { type: 'generate-invoice', identifyTag: 'a', payload: {} },
    { type: 'process-data', identifyTag: '🏢:*?{}', payload: { amount: -3.5 } },
  ])('accepts %j', (task) => {
    expect(messagesOf(task)).toEqual([]);
  });

  it.each([
    [{ ...valid, type: 'unknown' }, 'type: must be one of send-email, generate-invoice, process-data'],
    [{ ...valid, identifyTag: '' }, 'identifyTag: must not be empty'],
    [{ ...valid, identifyTag: '税'.repeat(200) }, 'identifyTag: must not be longer than 512 bytes'],
    [{ ...valid, identifyTag: 7 }, 'identifyTag: '],
    [{ ...valid, payload: { to: 'nobody' } }, 'payload.to: '],
    [{ ...valid, payload: undefined }, 'payload: '],
    [{ ...valid, options: { priority: 1 } }, 'options: '],
    [{ ...valid, options: { delay: -1 } }, 'options.delay: '],
    [{ type: 'process-data', identifyTag: 'a', payload: { amount: '3' } }, 'payload.amount: '],
    [null, 'a JSON object'],
    [[valid], 'a JSON object'],
  ])('refuses %j', (task, message) => {
    expect(messagesOf(task).join('\n')).toContain(message);
  });
});
