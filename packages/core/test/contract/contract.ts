import { afterEach, describe } from '@jest/globals';
import { describeAdding } from './adding.js';
import { describeContext } from './context.js';
import { describeDeduplication } from './deduplication.js';
import { describeEvents } from './events.js';
import { describeReading } from './reading.js';
import { describeRetries } from './retries.js';
import { describeScheduling } from './scheduling.js';
import { describeSteering } from './steering.js';
import type { ContractSystem } from './system.js';
import { describeTagHooks } from './tag-hooks.js';
import { describeValidation } from './validation.js';
import { describeWaiting } from './waiting.js';

const parts = [
  describeAdding,
  describeScheduling,
  describeRetries,
  describeDeduplication,
  describeSteering,
  describeReading,
  describeWaiting,
  describeEvents,
  describeContext,
  describeValidation,
  describeTagHooks,
];

/** What the queues of `QueueModule` and of `AffinityQueueTestingModule` both do. */
export function describeContract(name: string, system: ContractSystem): void {
  describe(`the contract of queues, ${name}`, () => {
    afterEach(() => system.closeAll());
    for (const describePart of parts) describePart(system);
  });
}
