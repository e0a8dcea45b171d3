--[[
  Removes a job scheduler, with its next task wherever that waits; BullMQ's own script removes it only where it is delayed. One
  that has started goes on, with its further attempts, and is the last.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  KEYS[4..6]   the keys of BullMQ's removeJobScheduler (KEYS[4]: the schedulers, KEYS[5]: `delayed`)
  ARGV[4..5]   the arguments of BullMQ's removeJobScheduler (ARGV[4]: id of the scheduler)
  Returns      0 removed, 1: there is no such scheduler
]]
--- @include "includes/schedules"
--- @bullmq "removeJobScheduler"

local slot = rcall('ZSCORE', KEYS[4], ARGV[4])
local id = slot and slotTask(ARGV[4], slot)
local state = id and slotState(id)
if state and not rcall('HGET', jobKey(id), 'ats') then showAsDelayed(id, state) end
--- @witness when state == 'added' or state == 'delayed': "gone", "id", id
return bullmq(slice(KEYS, 4), slice(ARGV, 4))
