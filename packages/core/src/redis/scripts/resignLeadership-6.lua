--[[
  The leader gives the lock up and wakes a follower.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the leader "nodeId:epoch"
  KEYS[4]  epoch   KEYS[5]  leader info   KEYS[6]  vacancy (zset, wakes a follower)
  Returns  1, or STALE_LEADER (it was not the leader any more)
]]
--- @include "includes/layout"

--- @bug "a lock released without asking whose it is"
if rcall('GET', lockKey) ~= caller then return STALE_LEADER end
rcall('DEL', lockKey, KEYS[5])
rcall('HDEL', ctlKey, 'leader')
--- @bug "a resignation that wakes nobody"
rcall('ZADD', KEYS[6], 0, caller)
rcall('PEXPIRE', KEYS[6], 60000)
--- @witness "resigned", "leader", caller
return 1
