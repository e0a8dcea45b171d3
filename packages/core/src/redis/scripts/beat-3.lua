--[[
  The heartbeat of an instance: raises the counter of each of its workers.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the nodeId
  ARGV[4..]  per worker three arguments: workerId, 1 if it runs a task, its registry entry (JSON)
  Returns    { workers that are no longer registered, workers that hold tasks but run none, ms that the lock still lasts
             (PTTL: -2 no leader, -1 a lock without expiry), four values per current attempt that was cancelled: worker,
             task id, attempt, place in the order, "<pid>:<start time>" of each other process of this queue on the workers'
             host }. The marker that told of a task or a cancellation may be lost: this tells again.
]]
--- @include "includes/fence"
--- @include "includes/cancel"
--- @include "includes/neighbours"

goOnWhenFull()
local fenced, stuck, cancelled, neighbours = {}, {}, {}, nil
for i = 4, #ARGV, 3 do
  local worker = ARGV[i]
  if isRegistered(worker) then
    rcall('HINCRBY', keys.beats, worker, 1)
    rcall('HSET', registryKey, worker, ARGV[i + 2])
    local tag, name, host, process = unpack(workerMeta(worker, 'tag', 'cancelled', 'host', 'process'))
    if process then neighbours = neighbours or neighboursOf(host, process) end
    local at = name and standingOf(worker)
    if at and at.id and name == attemptName(at.attempt, at.seq, at.id) then
      for _, value in ipairs({ worker, at.id, at.attempt, at.seq }) do cancelled[#cancelled + 1] = value end
    end
    if ARGV[i + 1] ~= '1' then
      local holds = tag or rcall('EXISTS', workerKey(worker, 'wait')) == 1
      if holds then stuck[#stuck + 1] = worker end
    end
  else
    fenced[#fenced + 1] = worker
  end
end
return { fenced, stuck, rcall('PTTL', lockKey), cancelled, neighbours or {} }
