--[[
  Removes a task that does not run, wherever it waits, and on request its children. Written by BullMQ's own script.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  KEYS[4..5]  the keys of BullMQ's removeJob
  ARGV[4..6]  the arguments of BullMQ's removeJob (task id, 1: children too, ...)
  ARGV[7]     1: only a task that has not finished; may be left out
  Returns  1 removed, 0 it or a child is running, NOT_FOUND (with ARGV[7]: there is no such task, or it has finished), or a
           code of BullMQ
]]
--- @include "includes/exposed"
--- @bullmq "removeJob"

local id = ARGV[4]
if ARGV[7] == '1' then
  local finished = rcall('ZSCORE', base .. 'completed', id) or rcall('ZSCORE', base .. 'failed', id)
  if finished or rcall('EXISTS', jobKey(id)) == 0 then return NOT_FOUND end
  -- BullMQ looks first whether it is the latest of a job scheduler.
  if rcall('EXISTS', jobKey(id) .. ':lock') == 1 then return 0 end
end
local exposed = expose(indexedFamily(jobKey(id), ARGV[5] == '1'), keys.wait)
local code = bullmq(slice(KEYS, 4), { id, ARGV[5], ARGV[6] })
conceal(exposed, keys.wait)
--- @witness when code == 1: "gone", "id", id
return code
