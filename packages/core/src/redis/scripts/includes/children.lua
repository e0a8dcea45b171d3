--- @include "includes/layout"
--[[
  The keys that BullMQ keeps beside a job: its log, and four of one that has, or had, children.

  When completed tasks are removed, these keys are looked for only in a queue that is known to have some: looking costs more than
  all the rest of a removal. The fields `flows` and `logs` of the control hash say so, for good. They are set by commitTask, which
  completes the parents that dispatch marks (field `aff:flow` of the job), and by addTaskLog. What other clients of BullMQ add
  to a task that is indexed or runs is noticed by looking at one task of each removal; until then it stays.
]]
local function appendChildKeys(list, key)
  local n = #list
  list[n + 1], list[n + 2] = key .. ':dependencies', key .. ':processed'
  list[n + 3], list[n + 4] = key .. ':failed', key .. ':unsuccessful'
end

local function hasChildKeys(key)
  local childKeys = {}
  appendChildKeys(childKeys, key)
  return rcall('EXISTS', unpack(childKeys)) > 0
end

-- Notes that the queue has a task with children, if this one has or had some. Returns whether it has.
local function noteFlow(key)
  if not hasChildKeys(key) then return false end
  rcall('HSET', ctlKey, 'flows', '1')
  return true
end

local function noteLog(key)
  if rcall('EXISTS', key .. ':logs') == 0 then return false end
  rcall('HSET', ctlKey, 'logs', '1')
  return true
end
