import type { AffinityQueueError } from './affinity-queue-error.js';
import {
  ForeignQueueError,
  IncompatibleLayoutError,
  InvalidScriptArgumentError,
  NotTaskOwnerError,
  StaleLeaderError,
  TaskNotFoundError,
  TaskStillRunningError,
  UnexpectedScriptResultError,
  WorkerFencedError,
} from './errors.js';

/**
 * What our scripts return instead of a result. The codes lie below -100, so that they never collide with BullMQ's
 * own (-1 to -10), whose Lua runs inside some of our scripts. The Lua sources use the same numbers.
 */
export const LuaCode = {
  FENCED_WORKER: -101,
  STALE_LEADER: -102,
  LAYOUT_MISMATCH: -103,
  NOT_FOUND: -104,
  NOT_OWNER: -105,
  INVALID_ARGUMENT: -106,
  STILL_RUNNING: -107,
  FOREIGN_QUEUE: -108,
} as const;

/** A reply of `commitTasks` that is no error: the task needs BullMQ's own script (NOT_PLAIN in the Lua sources). */
export const notPlainCode = -109;

/** One of the values of {@link LuaCode}. */
export type LuaCode = (typeof LuaCode)[keyof typeof LuaCode];

/** What the caller of a script knows; goes into the message and details of the error. */
export type LuaErrorContext = {
  readonly jobId?: string;
  readonly workerId?: string;
  readonly nodeId?: string;
  readonly epoch?: string;
  readonly queueName?: string;
  readonly layoutFound?: string;
  readonly layoutExpected?: string;
};

const errorFor: Record<LuaCode, (context: LuaErrorContext, script: string) => AffinityQueueError> = {
  [LuaCode.FENCED_WORKER]: ({ workerId }) => new WorkerFencedError({ workerId }),
  [LuaCode.STALE_LEADER]: ({ nodeId, epoch }) => new StaleLeaderError({ nodeId, epoch }),
  [LuaCode.LAYOUT_MISMATCH]: ({ queueName, layoutFound, layoutExpected }) =>
    new IncompatibleLayoutError({ queueName, found: layoutFound, expected: layoutExpected ?? 'another one' }),
  [LuaCode.NOT_FOUND]: ({ jobId }) => new TaskNotFoundError({ jobId }),
  [LuaCode.NOT_OWNER]: ({ jobId, workerId }) => new NotTaskOwnerError({ jobId, workerId }),
  [LuaCode.INVALID_ARGUMENT]: (_, script) => new InvalidScriptArgumentError({ script }),
  [LuaCode.STILL_RUNNING]: ({ jobId }) => new TaskStillRunningError({ jobId }),
  [LuaCode.FOREIGN_QUEUE]: ({ queueName }) => new ForeignQueueError({ queueName }),
};

/** Whether a script's reply is one of our codes. BullMQ's own codes are not. */
export function isLuaCode(reply: unknown): reply is LuaCode {
  return typeof reply === 'number' && Object.hasOwn(errorFor, reply);
}

/** The error that a script's return code stands for. */
export function luaError(
  scriptName: string,
  code: number,
  context: LuaErrorContext = {},
): AffinityQueueError {
  if (isLuaCode(code)) return errorFor[code](context, scriptName);
  return new UnexpectedScriptResultError({ script: scriptName, result: String(code) });
}

/**
 * Throws the error that a script's return code stands for: the one place where codes become errors.
 *
 * @throws {@link UnexpectedScriptResultError} for a code that is none of ours
 */
export function throwLuaError(scriptName: string, code: number, context: LuaErrorContext = {}): never {
  throw luaError(scriptName, code, context);
}
