--[[
  The state of a task, at one moment.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  KEYS[4..11]  the keys of BullMQ's getStateV2
  ARGV[4]  task id
  Returns  a state of BullMQ: "waiting" also for a task that is indexed or dispatched and not taken
]]
--- @include "includes/layout"
--- @bullmq "getStateV2"

if rcall('ZSCORE', keys.seq, ARGV[4]) then return 'waiting' end
return bullmq({ unpack(KEYS, 4) }, { ARGV[4] })
