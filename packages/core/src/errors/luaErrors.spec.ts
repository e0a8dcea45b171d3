import { describe, expect, it } from '@jest/globals';
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
import { isLuaCode, LuaCode, luaError, throwLuaError } from './luaErrors.js';

describe('LuaCode', () => {
  it('keeps the numbers that the Lua sources use', () => {
    expect(LuaCode).toEqual({
      FENCED_WORKER: -101,
      STALE_LEADER: -102,
      LAYOUT_MISMATCH: -103,
      NOT_FOUND: -104,
      NOT_OWNER: -105,
      INVALID_ARGUMENT: -106,
      STILL_RUNNING: -107,
      FOREIGN_QUEUE: -108,
    });
  });

  it('is told apart from results and from the codes of BullMQ', () => {
    expect(Object.values(LuaCode).every(isLuaCode)).toBe(true);
    expect([0, 1, -1, -10, -100, -109, '-101', null, undefined, []].some(isLuaCode)).toBe(false);
  });
});

describe('luaError', () => {
  it.each([
    [LuaCode.FENCED_WORKER, WorkerFencedError],
    [LuaCode.STALE_LEADER, StaleLeaderError],
    [LuaCode.LAYOUT_MISMATCH, IncompatibleLayoutError],
    [LuaCode.NOT_FOUND, TaskNotFoundError],
    [LuaCode.NOT_OWNER, NotTaskOwnerError],
    [LuaCode.INVALID_ARGUMENT, InvalidScriptArgumentError],
    [LuaCode.STILL_RUNNING, TaskStillRunningError],
    [LuaCode.FOREIGN_QUEUE, ForeignQueueError],
  ])('%d is a %p', (code, errorClass) => {
    expect(luaError('commitTask', code)).toBeInstanceOf(errorClass);
  });

  it('puts what the caller knows into message and details', () => {
    const error = luaError('commitTask', LuaCode.NOT_OWNER, { jobId: '7', workerId: 'host-1-ab-1' });
    expect(error.message).toBe("Task '7' does not belong to worker 'host-1-ab-1'");
    expect(error.details).toEqual({ jobId: '7', workerId: 'host-1-ab-1' });
  });

  it('names script and code when nobody knows the code', () => {
    const error = luaError('takeTask', -6);
    expect(error).toBeInstanceOf(UnexpectedScriptResultError);
    expect(error.message).toContain('takeTask answered -6');
  });
});

it('throwLuaError throws it', () => {
  expect(() => throwLuaError('dispatch', LuaCode.STALE_LEADER, { nodeId: 'n', epoch: '12' })).toThrow(
    "Instance 'n' is not the leader in epoch 12",
  );
});
