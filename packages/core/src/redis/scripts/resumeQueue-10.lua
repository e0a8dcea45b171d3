--[[
  Resumes a paused queue, wakes the leader and every worker that holds tasks.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  KEYS[4..10]  the keys of BullMQ's pause
  ARGV[4..]    the arguments of BullMQ's pause
  Returns      what BullMQ's script returns
]]
--- @include "includes/workers"
--- @bullmq "pause"

local left = bullmq({ unpack(KEYS, 4) }, { unpack(ARGV, 4) })
wakeBound()
wakeLeader()
return left
