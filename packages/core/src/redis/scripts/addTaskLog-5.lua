--[[
  What a running handler writes about its task, refused once its worker was declared dead or the attempt has ended; or what
  somebody else writes about any task.
  Written by BullMQ's own script.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the workerId, or ""
  KEYS[4..5]             the keys of BullMQ's addLog
  ARGV[4]  attempt, of no meaning without a worker
  ARGV[5]  task id
  ARGV[6..]               the arguments of BullMQ's addLog
  Returns  what BullMQ's script returns; FENCED_WORKER or NOT_OWNER
]]
--- @include "includes/current"
--- @bullmq "addLog"

local code = caller == '' and 0 or attemptRuns(caller, ARGV[5], ARGV[4])
if code < 0 then return code end
rcall('HSET', ctlKey, 'logs', '1') -- includes/children.lua
return bullmq(slice(KEYS, 4), slice(ARGV, 6))
