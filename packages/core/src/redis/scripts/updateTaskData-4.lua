--[[
  What a running handler writes about its task, refused once its worker was declared dead or the attempt has ended.
  Written by BullMQ's own script.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the workerId
  KEYS[4]  the key of BullMQ's updateData
  ARGV[4]  attempt
  ARGV[5]  task id
  ARGV[6]  the argument of BullMQ's updateData
  ARGV[7]  the tag in the new data, or ""
  Returns  what BullMQ's script returns; CHANGES_TAG, FENCED_WORKER or NOT_OWNER
]]
--- @include "includes/current"
--- @include "includes/sameTag"
--- @bullmq "updateData"

local code = attemptRuns(caller, ARGV[5], ARGV[4])
if code < 0 then return code end
if rcall('EXISTS', KEYS[4]) == 1 and changesTag(ARGV[5], ARGV[7]) then return CHANGES_TAG end
return bullmq({ KEYS[4] }, { ARGV[6] })
