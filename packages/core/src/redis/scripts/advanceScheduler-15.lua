--[[
  A worker that has taken the current iteration of a job scheduler makes the next one, before it begins this one. Written by
  BullMQ's own script, which does nothing where that has been done: so a reply that was lost, a worker that died before or
  after this, and an attempt that is tried again make no slot twice and leave none out.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the workerId
  KEYS[4..15]  the keys of BullMQ's updateJobScheduler (KEYS[4]: the schedulers)
  ARGV[4..10]  the arguments of BullMQ's updateJobScheduler (ARGV[5]: id of the scheduler, ARGV[7]: options of the next
               iteration, ARGV[8]: the caller's clock, for which Redis' is taken, ARGV[10]: id of this iteration)
  Returns      what BullMQ's script returns: the id of the next task, or nil; FENCED_WORKER
]]
--- @include "includes/fence"
--- @include "includes/schedules"
--- @bullmq "updateJobScheduler"

if not isRegistered(caller) then return FENCED_WORKER end

local scheduler, theirs = ARGV[5], slice(ARGV, 4)
local now, key = nowMs(), schedulerKey(scheduler)
theirs[5] = string.format('%.0f', now)

-- BullMQ asks whether the end has come, and not whether the next slot lies beyond it.
local function endsBefore(slot, every, offset, endDate)
  local nextSlot = slot + every
  if nextSlot < now then
    nextSlot = math.floor(now / every) * every + offset
    if nextSlot <= now then nextSlot = nextSlot + every end
  end
  return nextSlot > endDate
end

local slot = tonumber(rcall('ZSCORE', KEYS[4], scheduler) or nil)
local every, offset, endDate, stored = unpack(rcall('HMGET', key, 'every', 'offset', 'endDate', 'opts'))
if slot and every and endDate and endsBefore(slot, tonumber(every), tonumber(offset or 0), tonumber(endDate)) then
  return false
end
-- Options that were changed meanwhile: this iteration has the old ones.
local ofIteration = { 'repeat', 'delay', 'jobId', 'timestamp', 'prevMillis', 'repeatJobKey', 'tm', 'omc' }
local iteration = cmsgpack.unpack(ARGV[7])
local options = stored and cjson.decode(stored) or {}
for _, option in ipairs(ofIteration) do options[option] = iteration[option] end
theirs[4] = cmsgpack.pack(options)
-- A full Redis must not end a schedule.
goOnWhenFull()
return bullmq(slice(KEYS, 4), theirs)
