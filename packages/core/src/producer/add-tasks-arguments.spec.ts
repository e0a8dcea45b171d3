import { describe, expect, it } from '@jest/globals';
import { addTasksArguments } from './add-tasks-arguments.js';
import { newJob } from '../../test/support/new-job.js';

describe('addTasksArguments', () => {
  it('sends once what tasks have in common', () => {
    const [a, b, c, d] = [
      newJob('a'),
      newJob('b'),
      newJob('c', { optsJson: '{"attempts":1}' }),
      newJob('d', { name: 'mail' }),
    ];
    expect(addTasksArguments([a, b, c, d, a, newJob('e', { timestamp: 8 })], ['c', 2])).toEqual([
      ...['c', 2],
      4,
      ...['note', '{}', 7],
      ...['note', '{"attempts":1}', 7],
      ...['mail', '{}', 7],
      ...['note', '{}', 8],
      ...[1, 'a', 't', a.json, 1, 'b', 't', b.json, 2, 'c', 't', c.json],
      ...[3, 'd', 't', d.json, 1, 'a', 't', a.json, 4, 'e', 't', '"e"'],
    ]);
  });

  it('of nothing has no kinds', () => {
    expect(addTasksArguments([], ['', ''])).toEqual(['', '', 0]);
  });
});
