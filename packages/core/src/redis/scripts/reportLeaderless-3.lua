--[[
  An instance that has seen no leader for a whole lock TTL says so, once per outage.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the nodeId
  Returns  1 said, 0 there is a leader or it was said already
]]
--- @include "includes/events"

goOnWhenFull()
if rcall('EXISTS', lockKey) == 1 or rcall('HSETNX', ctlKey, 'leaderless', caller) == 0 then return 0 end
emit('leaderless', 'nodeId', caller)
return 1
