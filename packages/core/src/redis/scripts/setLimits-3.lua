--[[
  A new leader makes its identifyTagConcurrency the one in force.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the leader "nodeId:epoch"
  ARGV[4]   owners that a tag may have by default
  ARGV[5..] per tag with a limit of its own two arguments: tag, limit
  Returns   1; STALE_LEADER, INVALID_ARGUMENT
]]
--- @include "includes/fence"
--- @include "includes/tags"

local function isLimit(text) return (tonumber(text) or 0) >= 1 end
if not isLimit(ARGV[4]) or #ARGV % 2 == 1 then return INVALID_ARGUMENT end
for i = 6, #ARGV, 2 do if not isLimit(ARGV[i]) then return INVALID_ARGUMENT end end
if not isLeader() then return STALE_LEADER end
-- A tag without an owner is below every limit.
local wasReady = {}
for _, tag in ipairs(rcall('HKEYS', keys.owners)) do wasReady[tag] = isReady(tag) end
rcall('DEL', keys.limits)
limits = nil
rcall('HSET', ctlKey, 'limit', ARGV[4], 'limits', #ARGV > 4 and '1' or '0')
for i = 5, #ARGV, 2 do rcall('HSET', keys.limits, ARGV[i], ARGV[i + 1]) end
for tag, was in pairs(wasReady) do settle(tag, was) end
return 1
