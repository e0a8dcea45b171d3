--[[
  Lets a paused tag go on; it joins the end of the ring.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  tag
  Returns  1 resumed, 0 it was not paused
]]
--- @include "includes/tags"

local tag = ARGV[4]
if rcall('SISMEMBER', keys.pausedTags, tag) == 0 then return 0 end
rcall('SREM', keys.pausedTags, tag)
--- @witness "resumed", "tag", tag
if settle(tag, false) then wakeLeader() end
return 1
