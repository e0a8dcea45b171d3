--[[
  Gives a failed task a fresh set of attempts, also of crashes; it goes to the end of `wait`. Written by BullMQ's own script.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  task id
  Returns  1 retried, 0 it is not failed any more, or gone
]]
--- @include "includes/layout"
--- @bullmq "reprocessJob"

local id = ARGV[4]
local theirKeys = {
  jobKey(id), keys.events, base .. 'failed', keys.wait, keys.meta, keys.active, keys.marker, keys.prioritized, base .. 'pc',
}
if not isTask(id) or bullmq(theirKeys, { id, 'LPUSH', 'failedReason', 'failed', '1', '0' }) ~= 1 then return 0 end
--- @witness "requeued", "id", id
rcall('HDEL', jobKey(id), 'stc', 'aff:seq')
wakeLeader()
return 1
