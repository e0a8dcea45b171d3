import { expect, it } from '@jest/globals';
import { queueRoles, roleSchedules, roleWorks } from './roles.js';

it('roles schedule, work, both or neither', () => {
  const table = queueRoles.map((role) => [role, roleSchedules(role), roleWorks(role)]);
  expect(table).toEqual([
    ['SCHEDULER', true, false],
    ['WORKER', false, true],
    ['BOTH', true, true],
    ['PRODUCER', false, false],
  ]);
});
