--[[
  Removes the waiting tasks of a tag: in the pending queue's `wait` (a window of it per call), in the tag's list, in batches
  and look-aheads. A running task goes on. Bounded; called again until the window has reached the end of `wait` and nothing
  was removed.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  tag
  ARGV[5]  position in `wait`, counted from its head, to begin at (-1: `wait` is done)
  ARGV[6]  how many tasks to look at
  Returns  { removed, next position in `wait` or -1 }
]]
--- @include "includes/unindex"
--- @include "includes/taskTag"
--- @include "includes/current"
--- @bullmq "removeJob"

local tag, from, window = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local removed = 0

local function drop(id)
  if bullmq({ jobKey(id), base .. 'repeat' }, { id, '0', base }) ~= 1 then return false end
  removed = removed + 1
  return true
end

local function dropFromWait()
  if from < 0 then return -1 end
  local ids = rcall('LRANGE', keys.wait, -(from + window), -(from + 1))
  local kept = 0
  for i = #ids, 1, -1 do
    -- BullMQ's own removal takes the id out of `wait`.
    if not (tagOf(ids[i]) == tag and drop(ids[i])) then kept = kept + 1 end
  end
  return #ids < window and -1 or from + kept
end

local function dropFrom(list)
  for _, id in ipairs(rcall('LRANGE', list, 0, window - 1)) do
    if drop(id) then unindex(id, tag) end
  end
end

local position = dropFromWait()
if position < 0 and removed == 0 then
  for _, worker in ipairs(ownersOf(tag)) do
    local meta = workerMeta(worker, 'tag', 'ntag')
    if meta[2] == tag then dropAhead(worker) end
    if meta[1] == tag then dropFrom(workerKey(worker, 'wait')) end
  end
  dropFrom(tagKey(tag))
end
return { removed, position }
