--[[
  The leader declares a worker dead and puts its tasks back, in one step. Refused if the worker has sent a heartbeat since
  the leader looked.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the leader "nodeId:epoch"
  ARGV[4]  workerId
  ARGV[5]  the heartbeat counter that the leader has not seen change, or "" for an orphaned worker queue (one whose stamp
           names this pending queue and that no registered worker owns)
  ARGV[6]  maxCrashes
  Returns  how many tasks went back; STALE_LEADER, STILL_RUNNING, NOT_FOUND (no such worker or worker queue), FOREIGN_QUEUE,
           INVALID_ARGUMENT
]]
--- @include "includes/fence"
--- @include "includes/dissolve"

local worker, beat, maxCrashes = ARGV[4], ARGV[5], tonumber(ARGV[6])
if not maxCrashes then return INVALID_ARGUMENT end
--- @bug "a recovery without a fence"
if not isLeader() then return STALE_LEADER end
local stamp = workerMeta(worker, 'queue')[1]
if stamp and stamp ~= base then return FOREIGN_QUEUE end
if beat == '' then
  if isRegistered(worker) then return STILL_RUNNING end
  if not stamp then return NOT_FOUND end
else
  --- @bug "a recovery of a worker that lives"
  if (rcall('HGET', keys.beats, worker) or '0') ~= beat then return STILL_RUNNING end
  if not stamp and not isRegistered(worker) then
    rcall('HDEL', keys.beats, worker)
    return NOT_FOUND
  end
end
local count = dissolve(worker, true, maxCrashes)
emit('recovered', 'workerId', worker, 'count', count)
return count
