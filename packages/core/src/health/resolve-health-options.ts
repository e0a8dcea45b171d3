import { displayValue } from '../domain/text.js';
import { InvalidOptionsError, type OptionProblem } from '../errors/errors.js';
import { healthChecks } from './queue-health.js';
import {
  healthDefaults,
  type QueueHealthOptions,
  type ResolvedHealthOptions,
} from './queue-health-options.js';

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < 2 ** 31;
const allowedTime = 'milliseconds, 0 or more';

/** @throws {@link InvalidOptionsError} */
export function resolveHealthOptions(given: QueueHealthOptions = {}): ResolvedHealthOptions {
  const { timeout, takeoverGrace, maxTagWait, checks } = given;
  const problems: OptionProblem[] = [];
  const check = (option: string, value: unknown, isAllowed: boolean, allowed: string): void => {
    if (!isAllowed) problems.push({ option, value: displayValue(value), allowed });
  };
  const perQueue = typeof maxTagWait === 'object' ? Object.entries(maxTagWait) : [];
  check(
    'timeout',
    timeout,
    timeout === undefined || (isTime(timeout) && timeout > 0),
    'milliseconds, above 0',
  );
  check('takeoverGrace', takeoverGrace, takeoverGrace === undefined || isTime(takeoverGrace), allowedTime);
  if (typeof maxTagWait !== 'object' || maxTagWait === null)
    check('maxTagWait', maxTagWait, maxTagWait === undefined || isTime(maxTagWait), allowedTime);
  for (const [queue, value] of perQueue) check(`maxTagWait.${queue}`, value, isTime(value), allowedTime);
  for (const name of checks ?? [])
    check('checks', name, healthChecks.includes(name), healthChecks.join(', '));
  if (problems.length > 0) throw new InvalidOptionsError(problems);

  const waits = new Map(perQueue);
  const forAll = typeof maxTagWait === 'number' ? maxTagWait : healthDefaults.maxTagWaitMs;
  return {
    timeoutMs: timeout ?? healthDefaults.timeoutMs,
    takeoverGraceMs: takeoverGrace ?? healthDefaults.takeoverGraceMs,
    checks,
    maxTagWaitMs: (pendingQueueName) => waits.get(pendingQueueName) ?? forAll,
  };
}
