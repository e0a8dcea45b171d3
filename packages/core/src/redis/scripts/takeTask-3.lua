--[[
  A worker takes its next task. Idempotent: see includes/take.lua.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the workerId
  ARGV[4]  lock token
  ARGV[5]  the worker's clock, ms since the epoch (BullMQ's processedOn)
  ARGV[6]  1: the worker holds its batch; may be left out
  Returns  see includes/take.lua, or FENCED_WORKER
]]
--- @include "includes/fence"
--- @include "includes/take"

if not isRegistered(caller) then return FENCED_WORKER end
return take(caller, ARGV[4], ARGV[5], ARGV[6] == '1')
