--[[
  What there is of one tag.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  tag
  Returns  { waiting, active, paused (0 | 1), end of the back-off in ms of Redis' clock (-1: not parked), owners... (each
           once, also one that owns the tag by its batch and by its look-ahead) }
]]
--- @include "includes/tags"
--- @include "includes/workers"

local tag = ARGV[4]
local waiting, active = rcall('LLEN', tagKey(tag)), 0
local owners, seen = {}, {}
for _, worker in ipairs(ownersOf(tag)) do
  if not seen[worker] then owners[#owners + 1] = worker end
  seen[worker] = true
end
for _, worker in ipairs(owners) do
  local meta = workerMeta(worker, 'tag', 'ntag')
  if meta[1] == tag then
    waiting = waiting + rcall('LLEN', workerKey(worker, 'wait'))
    if standingOf(worker).id then active = active + 1 end
  end
  if meta[2] == tag then waiting = waiting + rcall('LLEN', workerKey(worker, 'next')) end
end
local parked = rcall('ZSCORE', keys.parked, tag)
return { waiting, active, rcall('SISMEMBER', keys.pausedTags, tag), tonumber(parked or -1), unpack(owners) }
