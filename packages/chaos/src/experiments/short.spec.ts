import { expect, it } from '@jest/globals';
import { plannedKinds } from '../faults/planned-fault.js';
import { shortPlan } from './short.js';

it.each(plannedKinds)('the short form has %s', (kind) => {
  expect(shortPlan.map((fault) => fault.kind)).toContain(kind);
});
