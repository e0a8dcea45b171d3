--[[
  Counts by state; `wait` counts what is indexed or dispatched and not taken too.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  KEYS[4]   the key of BullMQ's getCounts
  ARGV[4..] the arguments of BullMQ's getCounts
  Returns   one number per state
]]
--- @include "includes/layout"
--- @bullmq "getCounts"

local arguments = { unpack(ARGV, 4) }
local counts = bullmq({ KEYS[4] }, arguments)
local first = #arguments - #counts
for i = 1, #counts do
  if arguments[first + i] == 'wait' then counts[i] = counts[i] + rcall('ZCARD', keys.seq) end
end
return counts
