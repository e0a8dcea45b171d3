--[[
  The leader declares a worker dead and puts its tasks back, in one step. Refused if the worker has sent a heartbeat since
  the leader looked, or if its lease can last still (it may have been given a longer one than the leader would give), unless a
  neighbour has seen that its process is dead.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the leader "nodeId:epoch"
  ARGV[4]  workerId
  ARGV[5]  the heartbeat counter that the leader has not seen change; "-1" where a neighbour reported the death; or "" for an
           orphaned worker queue (one whose stamp names this pending queue and that no registered worker owns)
  ARGV[6]  maxCrashes
  ARGV[7]  for how long the leader has seen no change, ms; of no meaning for an orphaned worker queue
  Returns  how many tasks went back; STALE_LEADER, STILL_RUNNING, NOT_FOUND (no such worker or worker queue), FOREIGN_QUEUE,
           INVALID_ARGUMENT
]]
--- @include "includes/fence"
--- @include "includes/dissolve"

local worker, beat, maxCrashes, silentMs = ARGV[4], ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
if not maxCrashes or not silentMs then return INVALID_ARGUMENT end
--- @bug "a recovery without a fence"
if not isLeader() then return STALE_LEADER end
local stamp, lease = unpack(workerMeta(worker, 'queue', 'lease'))
if stamp and stamp ~= base then return FOREIGN_QUEUE end
if beat == '' then
  if isRegistered(worker) then return STILL_RUNNING end
  if not stamp then return NOT_FOUND end
else
  --- @bug "a recovery of a worker that lives"
  if (rcall('HGET', keys.beats, worker) or '0') ~= beat then return STILL_RUNNING end
  if beat ~= PROCESS_DIED and silentMs < (tonumber(lease) or 0) then return STILL_RUNNING end
  if not stamp and not isRegistered(worker) then
    rcall('HDEL', keys.beats, worker)
    rcall('HDEL', keys.standings, worker)
    return NOT_FOUND
  end
end
local count = dissolve(worker, true, maxCrashes)
emit('recovered', 'workerId', worker, 'count', count)
return count
