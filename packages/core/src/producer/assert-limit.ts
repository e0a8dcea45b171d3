import { isCount } from '../domain/task-option-rules.js';
import { displayValue } from '../domain/text.js';
import { InvalidArgumentError } from '../errors/errors.js';

/** How many of something a call returns at most. @throws {@link InvalidArgumentError} */
export function assertLimit(limit: unknown): void {
  if (isCount(limit, 1, 1_000)) return;
  const allowed = 'a whole number, 1 to 1,000';
  throw new InvalidArgumentError({ argument: 'limit', value: displayValue(limit), allowed });
}
