--- @include "includes/children"
--[[
  Retention of completed tasks, as BullMQ has it at every completion, but for a group of them: a number of tasks may be
  exceeded by a tenth for a while, and what one call removes is bounded. Never fewer are kept than asked for.
]]
local MOST_REMOVED, MOST_SLACK = 150, 100

-- Removes the tasks that completed first, whose ids these are, and the keys that BullMQ keeps beside them: see
-- includes/children.lua.
local function removeOldest(ids)
  local count, gone = #ids, {}
  if count == 0 then return end
  for i = 1, count do gone[i] = base .. ids[i] end
  local known, first = rcall('HMGET', ctlKey, 'logs', 'flows'), gone[1]
  if known[1] or noteLog(first) then
    for i = 1, count do gone[#gone + 1] = base .. ids[i] .. ':logs' end
  end
  if known[2] or noteFlow(first) then
    for i = 1, count do appendChildKeys(gone, base .. ids[i]) end
  end
  rcall('DEL', unpack(gone))
  rcall('ZREMRANGEBYRANK', keys.completed, 0, count - 1)
end

local function retainByAge(seconds, timestamp)
  local oldest = string.format('%.0f', tonumber(timestamp) - seconds * 1000)
  removeOldest(rcall('ZRANGEBYSCORE', keys.completed, '-inf', oldest, 'LIMIT', 0, MOST_REMOVED))
end

local function retainByCount(most)
  local excess = rcall('ZCARD', keys.completed) - most
  if excess > math.min(MOST_SLACK, math.floor(most / 10)) then
    removeOldest(rcall('ZRANGE', keys.completed, 0, math.min(excess, MOST_REMOVED) - 1))
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
