import type { LuaScriptName } from '../redis/generated/lua-sources.js';

/**
 * Scripts of BullMQ that look for waiting tasks, and those of ours that run them inside, with the same keys and arguments,
 * and know of indexed and dispatched tasks too.
 */
export const completedBy: Readonly<Record<string, LuaScriptName>> = {
  addJobScheduler: 'upsertScheduler',
  getCounts: 'getTaskCounts',
  getState: 'getTaskState',
  getStateV2: 'getTaskState',
  removeJob: 'removeTask',
  removeUnprocessedChildren: 'removeWaitingChildren',
  updateJobScheduler: 'advanceScheduler',
};
