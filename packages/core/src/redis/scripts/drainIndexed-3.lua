--[[
  Removes tasks that are indexed or dispatched and not taken, a window of them per call. Written by BullMQ's own script.
  Called again from the returned position until that is -1.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  position in aff:seq to begin at
  ARGV[5]  how many tasks to look at
  ARGV[6]  "all", or "keep-scheduled": not the iteration of a job scheduler that produces the next one
  Returns  { next position or -1, how many were removed }
]]
--- @include "includes/exposed"
--- @bullmq "drain"

local from, window = tonumber(ARGV[4]), tonumber(ARGV[5])
local ids = rcall('ZRANGE', keys.seq, from, from + window - 1)
local list, none = base .. 'aff:exposed', base .. 'aff:none'
local exposed = expose(ids, list)
bullmq({ list, none, none, none, ARGV[6] == 'all' and none or base .. 'repeat' }, { base, '0' })
local removed = conceal(exposed, list)
rcall('DEL', list)
return { #ids < window and -1 or from + #ids - #removed, #removed }
