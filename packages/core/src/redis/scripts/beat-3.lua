--[[
  The heartbeat of an instance: raises the counter of each of its workers.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the nodeId
  ARGV[4..]  per worker three arguments: workerId, 1 if it runs a task, its registry entry (JSON)
  Returns    { workers that are no longer registered, workers that hold tasks but run none, ms that the lock still lasts }
             (PTTL: -2 no leader, -1 a lock without expiry)
]]
--- @include "includes/fence"

goOnWhenFull()
local fenced, stuck = {}, {}
for i = 4, #ARGV, 3 do
  local worker = ARGV[i]
  if isRegistered(worker) then
    rcall('HINCRBY', keys.beats, worker, 1)
    rcall('HSET', registryKey, worker, ARGV[i + 2])
    if ARGV[i + 1] ~= '1' then
      local holds = rcall('EXISTS', workerKey(worker, 'wait')) == 1 or rcall('HEXISTS', workerKey(worker, 'meta'), 'tag') == 1
      if holds then stuck[#stuck + 1] = worker end
    end
  else
    fenced[#fenced + 1] = worker
  end
end
return { fenced, stuck, rcall('PTTL', lockKey) }
