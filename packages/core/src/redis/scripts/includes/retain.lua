--- @include "includes/children"
--[[
  Retention of completed tasks, as BullMQ has it at every completion, but for a group of them: a number of tasks may be
  exceeded by a tenth for a while, and what one call removes is bounded. Never fewer are kept than asked for.
]]
local MOST_REMOVED, MOST_SLACK = 150, 100

local hasFlows

-- The keys that a job of BullMQ can have. Those of its children only where commitTask has completed a task with children.
local function appendTaskKeys(list, key)
  if hasFlows == nil then hasFlows = rcall('HEXISTS', ctlKey, 'flows') == 1 end
  list[#list + 1] = key
  list[#list + 1] = key .. ':logs'
  if hasFlows then appendChildKeys(list, key) end
end

local function removeCompleted(ids)
  if #ids == 0 then return end
  local gone = {}
  for _, id in ipairs(ids) do appendTaskKeys(gone, jobKey(id)) end
  rcall('DEL', unpack(gone))
  rcall('ZREM', keys.completed, unpack(ids))
end

local function retainByAge(seconds, timestamp)
  local oldest = string.format('%.0f', tonumber(timestamp) - seconds * 1000)
  removeCompleted(rcall('ZRANGEBYSCORE', keys.completed, '-inf', oldest, 'LIMIT', 0, MOST_REMOVED))
end

local function retainByCount(most)
  local excess = rcall('ZCARD', keys.completed) - most
  if excess > math.min(MOST_SLACK, math.floor(most / 10)) then
    removeCompleted(rcall('ZRANGE', keys.completed, 0, math.min(excess, MOST_REMOVED) - 1))
  end
end

-- A rule is "<number>:<seconds>", each "" for no limit.
local function retain(rule, timestamp)
  local count, age = string.match(rule, '^([^:]*):(.*)$')
  local seconds, most = tonumber(age), tonumber(count)
  most = most and math.floor(most)
  if seconds then retainByAge(seconds, timestamp) end
  if most and most > 0 then retainByCount(most) end
end
