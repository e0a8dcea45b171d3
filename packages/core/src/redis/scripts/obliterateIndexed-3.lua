--[[
  What `obliterate` does beside BullMQ's own script: whether it may, or, as the last step, away with the queue's own keys.
  Workers stay registered, and the numbers that must never fall stay.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  "check" or "finish"
  ARGV[5]  1: also with active tasks
  Returns  0, -1 the queue is not paused, -2 it has active tasks
]]
--- @include "includes/layout"

if ARGV[4] == 'check' then
  if rcall('HEXISTS', keys.meta, 'paused') == 0 then return -1 end
  if ARGV[5] ~= '1' and rcall('EXISTS', keys.active) == 1 then return -2 end
  return 0
end
rcall('DEL', keys.ring, keys.seq, keys.parked, keys.pausedTags)
return 0
