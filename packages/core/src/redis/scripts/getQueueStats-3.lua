--[[
  The numbers of a queue, at one moment.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  Returns  { waiting, active, delayed, completed, failed, paused (0 | 1), tags waiting, tags bound, workers idle, workers }
]]
--- @include "includes/layout"

local waiting = rcall('LLEN', keys.wait) + rcall('LLEN', base .. 'paused') + rcall('ZCARD', keys.prioritized) +
  rcall('ZCARD', keys.seq)
local tagsWaiting = rcall('LLEN', keys.ring) + rcall('ZCARD', keys.parked)
for _, tag in ipairs(rcall('SMEMBERS', keys.pausedTags)) do
  if not rcall('ZSCORE', keys.parked, tag) and rcall('EXISTS', tagKey(tag)) == 1 then tagsWaiting = tagsWaiting + 1 end
end
return {
  waiting, rcall('LLEN', keys.active), rcall('ZCARD', keys.delayed), rcall('ZCARD', base .. 'completed'),
  rcall('ZCARD', base .. 'failed'), rcall('HEXISTS', keys.meta, 'paused'), tagsWaiting, rcall('HLEN', keys.owners),
  rcall('LLEN', keys.idle), rcall('HLEN', registryKey),
}
