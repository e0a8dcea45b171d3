import { displayValue } from '../domain/text.js';
import { InvalidArgumentError } from '../errors/errors.js';

/** @throws {@link InvalidArgumentError} unless it is left out, or milliseconds from 0 on */
export function assertTimeout(timeoutMs: number | undefined): void {
  if (timeoutMs === undefined || (typeof timeoutMs === 'number' && timeoutMs >= 0)) return;
  const allowed = 'milliseconds, 0 or more';
  throw new InvalidArgumentError({ argument: 'timeoutMs', value: displayValue(timeoutMs), allowed });
}
