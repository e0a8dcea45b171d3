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
