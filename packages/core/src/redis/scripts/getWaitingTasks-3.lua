--[[
  A page of the waiting tasks in their order: those that are indexed or dispatched, then those in `wait`.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  first position   ARGV[5]  last position, -1: the end
  ARGV[6]  1: oldest first, 0: newest first
  ARGV[7]  1: with the tasks' hashes, 0: ids only
  Returns  ids, or { id, hash } pairs without ids whose hash is gone
]]
--- @include "includes/layout"

local from, to, oldestFirst = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local indexed, added = rcall('ZCARD', keys.seq), rcall('LLEN', keys.wait)
if from < 0 then from = math.max(0, indexed + added + from) end
if to < 0 then to = indexed + added + to end

local ids = {}
local function append(list, backwards)
  for i = backwards and #list or 1, backwards and 1 or #list, backwards and -1 or 1 do ids[#ids + 1] = list[i] end
end
local function appendIndexed(first, last)
  if last < 0 or first > last then return end
  append(rcall(oldestFirst and 'ZRANGE' or 'ZREVRANGE', keys.seq, math.max(0, first), last))
end
local function appendAdded(first, last)
  first = math.max(0, first)
  if last < first then return end
  if oldestFirst then append(rcall('LRANGE', keys.wait, -(last + 1), -(first + 1)), true)
  else append(rcall('LRANGE', keys.wait, first, last)) end
end

if oldestFirst then
  appendIndexed(from, math.min(to, indexed - 1))
  appendAdded(from - indexed, math.min(to - indexed, added - 1))
else
  appendAdded(from, math.min(to, added - 1))
  appendIndexed(from - added, math.min(to - added, indexed - 1))
end
if ARGV[7] ~= '1' then return ids end
local tasks = {}
for _, id in ipairs(ids) do
  if isTask(id) then tasks[#tasks + 1] = { id, rcall('HGETALL', jobKey(id)) } end
end
return tasks
