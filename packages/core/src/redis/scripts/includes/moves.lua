--- @include "includes/tags"
--[[
  Ids on their way between a tag and a worker.
]]
-- Moves up to `count` ids from the head of a tag to the end of a worker's list; returns how many.
local function moveFromTag(tag, target, count)
  local ids = rcall('RPOP', tagKey(tag), count)
  if not ids then return 0 end
  rcall('LPUSH', target, unpack(ids))
  return #ids
end

-- Puts a worker's list back at the head of a tag, in its order; returns how many ids.
local function returnToTag(tag, list)
  local ids = rcall('LRANGE', list, 0, -1)
  if #ids == 0 then return 0 end
  rcall('DEL', list)
  rcall('RPUSH', tagKey(tag), unpack(ids))
  return #ids
end
