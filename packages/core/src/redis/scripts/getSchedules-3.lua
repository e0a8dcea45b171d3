--[[
  The job schedulers, at one moment, those first whose next task is due first. Reads only, and is bounded.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  id of one scheduler, or "": all
  ARGV[5]  at most so many
  Returns  per scheduler: { id, slot, state of the task of that slot (see includes/schedules.lua), flat hash }
]]
--- @include "includes/schedules"

local found = {}
local function add(scheduler, slot)
  local hash = rcall('HGETALL', schedulerKey(scheduler))
  if #hash > 0 then found[#found + 1] = { scheduler, slot, slotState(slotTask(scheduler, slot)), hash } end
end

local schedulersKey = base .. 'repeat'
if ARGV[4] ~= '' then
  local slot = rcall('ZSCORE', schedulersKey, ARGV[4])
  if slot then add(ARGV[4], slot) end
  return found
end
local entries = rcall('ZRANGE', schedulersKey, 0, tonumber(ARGV[5]) - 1, 'WITHSCORES')
for i = 1, #entries, 2 do add(entries[i], entries[i + 1]) end
return found
