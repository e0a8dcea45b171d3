import { describe, expect, it } from '@jest/globals';
import { decodeTaken } from './taken-task.js';

describe('a task as it was added', () => {
  const decode = (options: string) =>
    decodeTaken(
      ['0:1:1:7:1:0: a1', '{"identifyTag":"a"}', 'type', options, '1000', '2000', 'a', 3],
      undefined,
      'w1',
    );

  it.each([
    ['{}', 0],
    ['{"priority":5}', 5],
  ])('has the priority that its options have: %s', (options, priority) => {
    expect(decode(options).task?.toJobJson()).toMatchObject({
      name: 'type',
      data: '{"identifyTag":"a"}',
      timestamp: 1000,
      processedOn: 2000,
      processedBy: 'w1',
      attemptsStarted: 1,
      delay: 0,
      priority,
    });
  });
});

describe('a task with more fields', () => {
  const decode = (fields: string[], attempt = 1) => {
    const hash = ['name', 'type', 'data', '{"identifyTag":"a"}', 'opts', '{}', ...fields];
    return decodeTaken([hash, 'a1', 0, 0, [`0:${attempt}:1:7:1:0: a1`, 'a', 3]], undefined, 'w1').task;
  };

  it.each([
    ['as it was added', [], 1, true],
    ['that had children', ['aff:flow', '1'], 1, false],
    ['with a parent', ['parentKey', 'bull:q:p'], 1, false],
    ['that is tried again', ['atm', '1'], 2, true],
    ['that is tried again, its starts counted anew', ['atm', '1'], 1, false],
  ])('%s: plain, or not', (_what, fields, attempt, isPlain) => {
    expect(decode(fields, attempt)?.isPlain).toBe(isPlain);
  });
});
