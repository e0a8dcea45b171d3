--[[
  The current task waits for its children (a flow's parent). Written by BullMQ's own script. Idempotent per (id, attempt).

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the workerId
  KEYS[4..10]             the keys of BullMQ's moveToWaitingChildren
  ARGV[4]  attempt
  ARGV[5..9]              the arguments of BullMQ's moveToWaitingChildren
  Returns  0 it waits, 1 it has no pending children; FENCED_WORKER, NOT_OWNER, or a code of BullMQ
]]
--- @include "includes/current"
--- @bullmq "moveToWaitingChildren"

local id, attempt = ARGV[8], ARGV[4]
local state = attemptState(caller, id, attempt)
if type(state) == 'number' then return state end
if state == 'committed' then return 0 end
local code = endAttempt(bullmq, slice(KEYS, 4), slice(ARGV, 5), caller, id, attempt, ARGV[5])
--- @witness when code == 0: "ended", "id", id, "worker", caller, "attempt", attempt, "outcome", "delayed"
if code == 0 then forgetCurrent(caller, id, attempt) end
return code
