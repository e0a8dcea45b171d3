--[[
  The leader renews its lock and shows a sign of life. PEXPIRE comes first: it is allowed when Redis is full, and what
  follows in the same script then is too.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the leader "nodeId:epoch"
  KEYS[4]  epoch   KEYS[5]  leader info (JSON)
  ARGV[4]  lock TTL in ms
  ARGV[5]  leader info as JSON
  Returns  1; 2 if the leader is asked to resign, and nothing is renewed; STALE_LEADER
]]
--- @include "includes/layout"

--- @bug "a lock renewed without asking whose it is"
if rcall('GET', lockKey) ~= caller then return STALE_LEADER end
if rcall('ZREM', keys.resign, caller) == 1 then return 2 end
rcall('PEXPIRE', lockKey, ARGV[4])
rcall('SET', KEYS[5], ARGV[5])
--- @witness "renewed", "leader", caller
return 1
