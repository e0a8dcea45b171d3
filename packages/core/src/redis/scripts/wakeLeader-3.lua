--[[
  Wakes the leader: something that it goes by has changed.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  Returns  0
]]
--- @include "includes/layout"

wakeLeader()
return 0
