--[[
  Removes tasks that are indexed or dispatched and not taken: all of them, those added until a time, or those of one tag.
  Bounded; called again from the returned position until that is -1.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  position in aff:seq to begin at
  ARGV[5]  how many tasks to look at, at most 1,000
  ARGV[6]  only tasks whose timestamp is at most this (ms), "+inf": all
  ARGV[7]  how many tasks to remove at most
  Returns  { next position or -1, removed ids... }
]]
--- @include "includes/unindex"
--- @include "includes/taskTag"
--- @include "includes/current"
--- @bullmq "removeJob"

local from, window, most = tonumber(ARGV[4]), math.min(tonumber(ARGV[5]), 1000), tonumber(ARGV[7])
local ids = rcall('ZRANGE', keys.seq, from, from + window - 1)
local removed, kept = {}, 0
for _, id in ipairs(ids) do
  local timestamp = tonumber(rcall('HGET', jobKey(id), 'timestamp') or 0)
  local due = ARGV[6] == '+inf' or timestamp <= tonumber(ARGV[6])
  local tag = due and #removed < most and indexedTagOf(id)
  if tag and bullmq({ jobKey(id), base .. 'repeat' }, { id, '0', base }) == 1 then
    unindex(id, tag)
    removed[#removed + 1] = id
  else
    kept = kept + 1
  end
end
return { #ids < window and -1 or from + kept, unpack(removed) }
