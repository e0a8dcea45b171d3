--[[
  Removes a task that does not run, wherever it waits. Written by BullMQ's own script.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  KEYS[4..5]  the keys of BullMQ's removeJob
  ARGV[4..6]  the arguments of BullMQ's removeJob (ARGV[4]: task id)
  ARGV[7]     1: only a task that has not finished
  Returns  1 removed, 0 it or a child is running, NOT_FOUND (with ARGV[7]: there is no such task, or it has finished), or a
           code of BullMQ
]]
--- @include "includes/unindex"
--- @include "includes/taskTag"
--- @include "includes/current"
--- @bullmq "removeJob"

local id = ARGV[4]
if ARGV[7] == '1' then
  local finished = rcall('ZSCORE', base .. 'completed', id) or rcall('ZSCORE', base .. 'failed', id)
  if finished or rcall('EXISTS', jobKey(id)) == 0 then return NOT_FOUND end
end
local tag = rcall('ZSCORE', keys.seq, id) and (tagOf(id) or MALFORMED_TAG)
local code = bullmq(slice(KEYS, 4), { ARGV[4], ARGV[5], ARGV[6] })
if code == 1 and tag then unindex(id, tag) end
return code
