--[[
  Asks the leader to resign: it finds its own lock value in a zset that it waits on, and that it reads at every renewal. The
  request names one leadership, so that it can never end another one; it is forgotten after a minute.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  lock value of the leader to ask, or "": whoever leads
  Returns  lock value of the leader that was asked, or "": nobody leads, or another one by now
]]
--- @include "includes/layout"

local held = rcall('GET', lockKey)
if not held or (ARGV[4] ~= '' and ARGV[4] ~= held) then return '' end
goOnWhenFull()
rcall('ZADD', keys.resign, 0, held)
rcall('PEXPIRE', keys.resign, 60000)
return held
