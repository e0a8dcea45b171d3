import { retryOrders } from './task-options.js';

/** What a value may be, as a check and in words. */
export interface ValueRule {
  readonly allowed: string;
  accepts(value: unknown): boolean;
}

const maxBackoffMs = 2 ** 31 - 1;

const keepRule: ValueRule = {
  allowed: 'true, false, a count of 0 or more, or { count, age (seconds), limit } with whole numbers',
  accepts: (value) =>
    typeof value === 'boolean' ||
    isCount(value, 0) ||
    (isRecord(value) &&
      (value.count !== undefined || value.age !== undefined) &&
      Object.entries(value).every(
        ([key, part]) => ['count', 'age', 'limit'].includes(key) && (part === undefined || isCount(part, 0)),
      )),
};

/** The options of a task that also have defaults, in `queueOptions.defaultTaskOptions`. */
export const taskOptionRules = {
  attempts: {
    allowed: 'a whole number from 1 to 1000000',
    accepts: (value: unknown) => isCount(value, 1, 1_000_000),
  },
  backoff: {
    allowed: `milliseconds from 0 to ${maxBackoffMs}, or { type: 'fixed' | 'exponential', delay: milliseconds, jitter?: 0 to 1 }`,
    accepts: (value: unknown) => isCount(value, 0, maxBackoffMs) || isBackoffOptions(value),
  },
  retryOrder: {
    allowed: retryOrders.join(', '),
    accepts: (value: unknown) => (retryOrders as readonly unknown[]).includes(value),
  },
  removeOnComplete: keepRule,
  removeOnFail: keepRule,
} as const satisfies Record<string, ValueRule>;

function isBackoffOptions(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { type, delay, jitter, ...rest } = value;
  if (Object.keys(rest).length > 0) return false;
  if (type !== 'fixed' && type !== 'exponential') return false;
  // BullMQ's type lets the delay be left out, and then computes with NaN.
  if (!isCount(delay, 0, maxBackoffMs)) return false;
  return jitter === undefined || (typeof jitter === 'number' && jitter >= 0 && jitter <= 1);
}

/** Whether the value is a whole number in this range. */
export function isCount(value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
}

/** Whether the value is an object with named parts. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
