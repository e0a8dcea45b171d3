--[[
  A worker records the outcome of an attempt (completed, or failed for good) and takes its next task. Idempotent per
  (id, attempt). The outcome itself is written by BullMQ's own script.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the workerId
  KEYS[4..17]             the keys of BullMQ's moveToFinished
  ARGV[4]  attempt (the value of the task's `ats`)
  ARGV[5]  lock token of the attempt, and of the next task
  ARGV[6]  1: take the next task
  ARGV[7]  1: the worker's tasks are short
  ARGV[8..16]             the arguments of BullMQ's moveToFinished, with "fetch next" off
  Returns  0, or the next task (includes/take.lua); FENCED_WORKER, NOT_OWNER, or a code of BullMQ
]]
--- @include "includes/children"
--- @include "includes/current"
--- @bullmq "moveToFinished"

local id, attempt, timestamp = ARGV[8], ARGV[4], ARGV[9]

local state = attemptState(caller, id, attempt)
if type(state) == 'number' then return state end
if state == 'current' then
  local theirKeys = slice(KEYS, 4)
  -- BullMQ says "drained" when its own lists are empty; tasks that are indexed or dispatched count too. Only where
  -- deduplication has kept a task that comes next is the real key needed.
  local deduplicationId = rcall('HGET', jobKey(id), 'deid')
  local comesNext = deduplicationId and rcall('EXISTS', base .. 'dn:' .. deduplicationId) == 1
  if not comesNext then theirKeys[3] = keys.seq end
  local code = endAttempt(bullmq, theirKeys, slice(ARGV, 8), caller, id, attempt, ARGV[5])
  if type(code) == 'number' and code < 0 then return code end
  -- So that tasks that fail in one millisecond are retried in their order.
  if ARGV[12] == 'failed' and isTask(id) then rcall('HSET', jobKey(id), 'aff:seq', standingOf(caller).seq) end
  noteFlow(jobKey(id))
  --- @witness "ended", "id", id, "worker", caller, "attempt", attempt, "outcome", ARGV[12]
  forgetCurrent(caller, id, attempt)
  --- @witness when not isTask(id): "gone", "id", id
  noteLength(caller, ARGV[7])
end
if ARGV[6] == '1' then return take(caller, ARGV[5], timestamp) end
return 0
