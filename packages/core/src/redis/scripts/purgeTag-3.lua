--[[
  Removes the waiting tasks of a tag: in the pending queue's `wait` (a window of it per call), in the tag's list, in batches
  and look-aheads. A running task goes on. Bounded: one window per list and call; called again until it says that nothing is
  left.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  tag
  ARGV[5]  position in `wait`, counted from its head, to begin at, or -1: `wait` is done
  ARGV[6]  how many tasks to look at, of `wait` only until a megabyte of task data was read
  Returns  { removed, next position in `wait`, or -1: `wait` is done, or -2: nothing is left }
]]
--- @include "includes/unindex"
--- @include "includes/taskTag"
--- @include "includes/current"
--- @bullmq "removeJob"

local tag, from, window = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local MAX_BYTES = 1000000
local removed = 0

local function drop(id)
  if bullmq({ jobKey(id), base .. 'repeat' }, { id, '0', base }) ~= 1 then return false end
  --- @witness "gone", "id", id
  removed = removed + 1
  return true
end

local function dropFromWait()
  if from < 0 then return -1 end
  local ids = rcall('LRANGE', keys.wait, -(from + window), -(from + 1))
  local kept, bytes = 0, 0
  for i = #ids, 1, -1 do
    local isOfTag = false
    if isTask(ids[i]) then
      bytes = bytes + rcall('HSTRLEN', jobKey(ids[i]), 'data')
      isOfTag = tagOf(ids[i]) == tag
    end
    -- BullMQ's own removal takes the id out of `wait`.
    if not (isOfTag and drop(ids[i])) then kept = kept + 1 end
    if bytes > MAX_BYTES and i > 1 then return from + kept end
  end
  return #ids < window and -1 or from + kept
end

-- A window from the head on, where `unindex` finds the id first. Ids that are no waiting task any more are only taken off
-- the list. Returns whether the list became shorter.
local function dropFrom(list)
  local ids = rcall('LRANGE', list, -window, -1)
  local isShorter = false
  for i = #ids, 1, -1 do
    local isStale = not (rcall('ZSCORE', keys.seq, ids[i]) and isTask(ids[i]))
    if isStale or drop(ids[i]) then
      unindex(ids[i], tag)
      isShorter = true
    end
  end
  return isShorter
end

local position = dropFromWait()
if position >= 0 or removed > 0 then return { removed, position } end
local isDone = true
for _, worker in ipairs(ownersOf(tag)) do
  local meta = workerMeta(worker, 'tag', 'ntag')
  if meta[2] == tag then dropAhead(worker) end
  if meta[1] == tag and dropFrom(workerKey(worker, 'wait')) then isDone = false end
end
if dropFrom(tagKey(tag)) then isDone = false end
return { removed, isDone and -2 or -1 }
