--- @include "includes/fence"
--- @include "includes/ledger"
--- @include "includes/take"
--- @include "includes/slice"
--[[
  The check in front of every script that ends an attempt.

  attemptState(worker, id, attempt) returns
    'current'    the worker runs exactly this attempt
    'committed'  this attempt has been committed already (its reply was lost): the caller answers as before
    a code < 0   the worker is fenced, or does not hold this attempt
]]
local function attemptState(worker, id, attempt)
  --- @bug "an outcome without asking who runs the task"
  if not isRegistered(worker) then return FENCED_WORKER end
  return compareAttempt(standingOf(worker), id, attempt)
end

-- A handler may write about its task only while the attempt runs.
local function attemptRuns(worker, id, attempt)
  local state = attemptState(worker, id, attempt)
  if state == 'committed' then return NOT_OWNER end
  if state ~= 'current' then return state end
  return (isStartedBy(worker, id) or not isTask(id)) and 0 or NOT_OWNER
end

-- Whether a task is still in the attempt that the worker took: nobody else has started it since.
--- @bug "an outcome without asking who runs the task" local function isInAttempt() return true end
local function isInAttempt(worker, id, attempt) return isStartedBy(worker, id) and rcall('HGET', jobKey(id), 'ats') == attempt end

-- Forgets a task that is no longer the worker's; of one that is gone (-1) nothing stays.
local function forgetLost(worker, id, attempt, code)
  --- @witness when code == -1: "gone", "id", id
  --- @witness when code ~= -1: "ended", "id", id, "worker", worker, "attempt", attempt, "outcome", "delayed"
  forgetCurrent(worker, id, attempt)
  if code ~= -1 then return end
  rcall('LREM', keys.active, -1, id)
  rcall('DEL', jobKey(id) .. ':lock')
end

--[[
  Runs a script of BullMQ that ends the attempt. The lease of its worker is what keeps a task, not BullMQ's lock: one that is
  missing (-2; it expired or was evicted) or has another token of this worker (-6) is set again. Where the task is no longer
  the worker's (-1 gone, -3 not active, started by somebody else), the worker forgets it.
]]
local function endAttempt(bullmq, theirKeys, theirArgs, worker, id, attempt, token)
  local code = bullmq(theirKeys, theirArgs)
  if (code == -2 or code == -6) and isInAttempt(worker, id, attempt) then
    goOnWhenFull()
    rcall('SET', jobKey(id) .. ':lock', token)
    code = bullmq(theirKeys, theirArgs)
  end
  if code == -1 or code == -2 or code == -3 or code == -6 then
    forgetLost(worker, id, attempt, code)
  elseif code == 0 and token == '0' then
    rcall('DEL', jobKey(id) .. ':lock') -- a handler moved its task without a token
  end
  return code
end
