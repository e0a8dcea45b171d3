--[[
  What `obliterate` does beside BullMQ's own script: whether it may, or, as the last step, no tag is paused or parked any
  more. Workers stay registered, the numbers that must never fall stay, and so do tasks that were added meanwhile. BullMQ's
  script has removed the pause: whoever waits for its end is woken.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  "check" or "finish"
  ARGV[5]  1: also with active tasks
  Returns  0, -1 the queue is not paused, -2 it has active tasks
]]
--- @include "includes/tags"
--- @include "includes/workers"

if ARGV[4] == 'check' then
  if rcall('HEXISTS', keys.meta, 'paused') == 0 then return -1 end
  if ARGV[5] ~= '1' and rcall('EXISTS', keys.active) == 1 then return -2 end
  return 0
end
local stopped = rcall('SMEMBERS', keys.pausedTags)
for _, tag in ipairs(rcall('ZRANGE', keys.parked, 0, -1)) do
  if rcall('SISMEMBER', keys.pausedTags, tag) == 0 then stopped[#stopped + 1] = tag end
end
rcall('DEL', keys.parked, keys.pausedTags, keys.touched)
for _, tag in ipairs(stopped) do settle(tag, false) end
wakeBound()
wakeLeader()
return 0
