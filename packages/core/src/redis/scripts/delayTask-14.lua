--[[
  The current task goes to `delayed` and rejoins at its tag's end: a failed attempt in retry order "skip", or a handler that
  delayed its own task. Written by BullMQ's own script. Idempotent per (id, attempt).

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the workerId
  KEYS[4..14]             the keys of BullMQ's moveToDelayed
  ARGV[4]  attempt
  ARGV[5]  lock token of the attempt, and of the next task
  ARGV[6]  1: take the next task
  ARGV[7]  1: the worker's tasks are short
  ARGV[8..]               the arguments of BullMQ's moveToDelayed, with "fetch next" off
  Returns  0, or the next task (includes/take.lua); FENCED_WORKER, NOT_OWNER, or a code of BullMQ
]]
--- @include "includes/cancel"
--- @include "includes/current"
--- @bullmq "moveToDelayed"

local id, attempt, timestamp = ARGV[10], ARGV[4], ARGV[9]
local state = attemptState(caller, id, attempt)
if type(state) == 'number' then return state end
if state == 'current' then
  local code = endAttempt(bullmq, slice(KEYS, 4), slice(ARGV, 8), caller, id, attempt, ARGV[5])
  if type(code) == 'number' and code < 0 then return code end
  heedCancel(caller, attempt, id)
  --- @witness "ended", "id", id, "worker", caller, "attempt", attempt, "outcome", "delayed"
  forgetCurrent(caller, id, attempt)
  noteLength(caller, ARGV[7])
  if ARGV[13] == '0' then emit('retried', 'jobId', id, 'attemptsMade', rcall('HGET', jobKey(id), 'atm') or 0, 'delay', ARGV[12]) end
  wakeLeader()
end
if ARGV[6] == '1' then return take(caller, ARGV[5], timestamp) end
return 0
