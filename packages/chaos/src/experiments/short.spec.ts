import { expect, it } from '@jest/globals';
import { plannedKinds } from '../faults/planned-fault.js';
import { leaseMs, spans } from '../stage/lease.js';
import { shortPlan } from './short.js';

it.each(plannedKinds)('the short form has %s', (kind) => {
  expect(shortPlan.map((fault) => fault.kind)).toContain(kind);
});

it.each(spans)('the short form has a freeze of %d leases', (span) => {
  expect(shortPlan).toContainEqual(expect.objectContaining({ kind: 'freeze', ms: span * leaseMs }));
});
