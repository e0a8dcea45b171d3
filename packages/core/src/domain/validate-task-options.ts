import { InvalidTaskOptionError, UnsupportedTaskOptionError } from '../errors/errors.js';
import { assertValidJobId } from './job-id.js';
import { isCount, isRecord, taskOptionRules } from './task-option-rules.js';
import type { TaskOptions } from './task-options.js';
import { displayValue } from './text.js';

const order = 'it contradicts the order within a tag';
const flows = 'a task has no parent; flows are not supported';

/** Why an option of BullMQ is none of ours. */
const unsupported: Readonly<Record<string, string>> = {
  priority: order,
  lifo: order,
  repeat: 'use QueueService.schedule',
  parent: flows,
  failParentOnFailure: flows,
  continueParentOnFailure: flows,
  ignoreDependencyOnFailure: flows,
  removeDependencyOnFailure: flows,
  debounce: 'use deduplication',
  sizeLimit: 'use queueOptions.maxPayloadBytes',
};

/**
 * Checks the options of one task. Options that are `undefined` count as left out.
 *
 * @throws {@link UnsupportedTaskOptionError} for an option that tasks do not have
 * @throws {@link InvalidTaskOptionError} for a value out of range
 * @throws {@link ReservedJobIdError} for a `jobId` that cannot be used
 */
export function assertValidTaskOptions(options: unknown): asserts options is TaskOptions | undefined {
  if (options === undefined) return;
  if (!isRecord(options)) {
    throw new InvalidTaskOptionError({
      option: 'options',
      value: displayValue(options),
      allowed: 'an object',
    });
  }
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (option === 'jobId') assertValidJobId(value);
    else if (option === 'delay') assertDelay(value);
    else if (option === 'deduplication') assertDeduplication(value);
    else assertByRule(option, value);
  }
}

function assertByRule(option: string, value: unknown): void {
  const rule = Object.hasOwn(taskOptionRules, option)
    ? taskOptionRules[option as keyof typeof taskOptionRules]
    : undefined;
  if (rule === undefined) {
    const reason = Object.hasOwn(unsupported, option) ? unsupported[option] : undefined;
    throw new UnsupportedTaskOptionError({ option, reason: reason ?? 'there is no such option' });
  }
  if (!rule.accepts(value)) {
    throw new InvalidTaskOptionError({ option, value: displayValue(value), allowed: rule.allowed });
  }
}

/** BullMQ scores delayed jobs with `due time × 4096`, which stays exact until the year 2039. */
const maxDelayMs = 10 * 365 * 86_400_000;

function assertDelay(value: unknown): void {
  if (isCount(value, 0, maxDelayMs)) return;
  const allowed = `a whole number of milliseconds from 0 to ${maxDelayMs} (ten years)`;
  throw new InvalidTaskOptionError({ option: 'delay', value: displayValue(value), allowed });
}

function assertDeduplication(value: unknown): void {
  if (isRecord(value)) {
    const { id, ttl, ...switches } = value;
    const hasTtl = ttl === undefined || isCount(ttl, 0, Number.MAX_SAFE_INTEGER);
    if (
      typeof id === 'string' &&
      id !== '' &&
      hasTtl &&
      Object.entries(switches).every(isDeduplicationSwitch)
    )
      return;
  }
  const allowed = `{ id: a string that is not empty, ttl?: milliseconds, ${deduplicationSwitches.join('?, ')}?: true or false }`;
  throw new InvalidTaskOptionError({ option: 'deduplication', value: displayValue(value), allowed });
}

const deduplicationSwitches = ['extend', 'replace', 'reschedule', 'keepLastIfActive'];

function isDeduplicationSwitch([name, value]: [string, unknown]): boolean {
  return deduplicationSwitches.includes(name) && (value === undefined || typeof value === 'boolean');
}
