--[[
  Removes tasks that are indexed or dispatched and not taken, and older than a time, a window of them per call. Written by
  BullMQ's own script. Called again from the returned position until that is -1.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  position in aff:seq to begin at
  ARGV[5]  how many tasks to look at
  ARGV[6]  only tasks that were last touched at this time or before (ms)
  Returns  { next position or -1, removed ids... }
]]
--- @include "includes/exposed"
--- @bullmq "cleanJobsInSet"

local from, window = tonumber(ARGV[4]), tonumber(ARGV[5])
local ids = rcall('ZRANGE', keys.seq, from, from + window - 1)
local list, stream = base .. 'aff:exposed', base .. 'aff:none'
local exposed = expose(ids, list)
bullmq({ list, stream, base .. 'repeat' }, { base, ARGV[6], '0', 'wait' })
local removed = conceal(exposed, list)
rcall('DEL', list, stream)
if #removed > 0 then emit('cleaned', 'count', #removed) end
return { #ids < window and -1 or from + #ids - #removed, unpack(removed) }
