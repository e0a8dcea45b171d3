--[[
  Stops a tag: no further task of it starts. What was dispatched goes back to the head of the tag; a running task goes on.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  tag
  Returns  1 paused, 0 it was paused already
]]
--- @include "includes/batches"

local tag = ARGV[4]
if rcall('SISMEMBER', keys.pausedTags, tag) == 1 then return 0 end
goOnWhenFull()
local wasReady = isReady(tag)
rcall('SADD', keys.pausedTags, tag)
--- @witness "paused", "tag", tag
settle(tag, wasReady)
for _, worker in ipairs(ownersOf(tag)) do
  local meta = workerMeta(worker, 'tag', 'ntag')
  if meta[2] == tag then dropAhead(worker) end
  if meta[1] == tag then returnToTag(tag, workerKey(worker, 'wait')) end
end
if rcall('EXISTS', keys.ring) == 1 then wakeLeader() end
return 1
