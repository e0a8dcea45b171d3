--- @include "includes/exposed"
--[[
  BullMQ's job schedulers. Each has a zset entry (`repeat`: id -> slot, the time at which its latest task is or was due), a
  hash (`repeat:<id>`: its timing, and the task as a template) and that task, "repeat:<id>:<slot>". The next task is made when
  this one starts.
]]
local function slotTask(scheduler, slot) return 'repeat:' .. scheduler .. ':' .. slot end

local function schedulerKey(scheduler) return base .. 'repeat:' .. scheduler end

--[[
  Where the task of the current slot is: 'delayed', 'indexed' (or dispatched), 'added', 'started' (it runs, or an attempt of it
  ended without outcome) or 'ended' (it has finished, or is gone).
]]
local function slotState(id)
  if not isTask(id) or rcall('HEXISTS', jobKey(id), 'finishedOn') == 1 then return 'ended' end
  if rcall('ZSCORE', keys.delayed, id) then return 'delayed' end
  if rcall('ZSCORE', keys.seq, id) then return 'indexed' end
  if rcall('LPOS', keys.wait, id, 'RANK', -1) or rcall('ZSCORE', keys.prioritized, id) then return 'added' end
  return 'started'
end

-- BullMQ's scripts remove the task of the current slot where it is delayed, and of a paused queue only there.
local function showAsDelayed(id, state)
  if state ~= 'indexed' and state ~= 'added' then return end
  goOnWhenFull()
  if state == 'indexed' then unindex(id, indexedTagOf(id)) end
  rcall('LREM', keys.wait, -1, id)
  rcall('ZREM', keys.prioritized, id)
  rcall('ZADD', keys.delayed, 0, id)
end
