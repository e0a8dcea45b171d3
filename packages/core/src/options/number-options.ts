import { defaults } from './defaults.js';
import type { ResolvedQueueOptions } from './resolved-options.js';

type NumberKey = {
  [Key in keyof ResolvedQueueOptions]: ResolvedQueueOptions[Key] extends number ? Key : never;
}[keyof ResolvedQueueOptions];

/** One option that is a whole number. */
export interface NumberOption {
  /** Path of the public option. */
  readonly option: string;
  readonly min: number;
  readonly max: number;
  readonly unit?: 'ms' | 'bytes';
  readonly default: number;
}

/** A timer of Node that is set for longer fires at once. */
export const maxTimerMs = 2 ** 31 - 1;

/** Redis limits a string to this size. */
const maxStringBytes = 512 * 1_024 * 1_024;

const count = (option: string, def: number, max = Number.MAX_SAFE_INTEGER): NumberOption => ({
  option,
  min: 1,
  max,
  default: def,
});
const time = (option: string, def: number, min = 1): NumberOption => ({
  option,
  min,
  max: maxTimerMs,
  unit: 'ms',
  default: def,
});
const size = (option: string, def: number): NumberOption => ({
  option,
  min: 1,
  max: maxStringBytes,
  unit: 'bytes',
  default: def,
});

/** All options that are whole numbers, by their resolved name. */
export const numberOptions: Readonly<Record<NumberKey, NumberOption>> = {
  // 1,000: one batch is moved by one script, whose length bounds how long Redis is busy.
  maxBatchSize: count('workerOptions.maxBatchSize', defaults.maxBatchSize, 1_000),
  workerCount: count('workerOptions.workerCount', defaults.workerCount),
  shutdownTimeoutMs: time('workerOptions.shutdownTimeout', defaults.shutdownTimeoutMs, 0),
  taskTimeoutMs: time('workerOptions.taskTimeout', defaults.taskTimeoutMs, 0),
  maxCrashes: count('workerOptions.maxCrashes', defaults.maxCrashes),
  schedulerIntervalMs: time('queueOptions.schedulerInterval', defaults.schedulerIntervalMs),
  scanCount: count('queueOptions.scanCount', defaults.scanCount),
  maxPayloadBytes: size('queueOptions.maxPayloadBytes', defaults.maxPayloadBytes),
  maxResultBytes: size('queueOptions.maxResultBytes', defaults.maxResultBytes),
  maxTagBytes: size('queueOptions.maxTagBytes', defaults.maxTagBytes),
  electionLockTtlMs: time('electionOptions.electionLockTtl', defaults.electionLockTtlMs),
  heartbeatIntervalMs: time('electionOptions.heartbeatInterval', defaults.heartbeatIntervalMs),
  heartbeatTimeoutMs: time('electionOptions.heartbeatTimeout', defaults.heartbeatTimeoutMs),
};

/** The range of a number, in words. */
export function allowedNumber({ min, max, unit }: Pick<NumberOption, 'min' | 'max' | 'unit'>): string {
  const of = unit === 'ms' ? ' of milliseconds' : unit === 'bytes' ? ' of bytes' : '';
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`;
  return `a whole number${of}, ${range}`;
}
