--[[
  Changes the data of a task from the front door. Written by BullMQ's own script.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  KEYS[4]  the key of BullMQ's updateData
  ARGV[4]  the argument of BullMQ's updateData
  ARGV[5]  task id
  ARGV[6]  the tag in the new data, or ""
  Returns  0, CHANGES_TAG (the task is indexed or runs, under another tag), or -1 (there is no such task)
]]
--- @include "includes/sameTag"
--- @bullmq "updateData"

if rcall('EXISTS', KEYS[4]) == 1 and changesTag(ARGV[5], ARGV[6]) then return CHANGES_TAG end
return bullmq({ KEYS[4] }, { ARGV[4] })
