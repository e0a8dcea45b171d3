--[[
  Adds or changes a job scheduler. Written by BullMQ's own script, which replaces the current iteration where it finds it: one
  that is indexed or dispatched goes back to `wait` for that.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  KEYS[4..14]  the keys of BullMQ's addJobScheduler (KEYS[4]: the schedulers, KEYS[6]: `wait`)
  ARGV[4..12]  the arguments of BullMQ's addJobScheduler (ARGV[6]: id of the scheduler)
  Returns      what BullMQ's script returns
]]
--- @include "includes/exposed"
--- @bullmq "addJobScheduler"

local nextMs = rcall('ZSCORE', KEYS[4], ARGV[6])
local id = nextMs and 'repeat:' .. ARGV[6] .. ':' .. nextMs
if id and rcall('ZSCORE', keys.seq, id) then
  unindex(id, indexedTagOf(id))
  rcall('RPUSH', keys.wait, id)
end
return bullmq(slice(KEYS, 4), slice(ARGV, 4))
