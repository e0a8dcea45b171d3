--- @include "includes/batches"
--- @include "includes/cancel"
--- @include "includes/neighbours"
--[[
  Takes a worker out of the system: its look-ahead, the rest of its batch and its current task go back to the heads of their
  tags in the original order (the current one first), the tags are unbound and put at the front of the ring, and all its keys
  are removed. `crashed` counts a crash against the current task; at `maxCrashes` it is marked as poison. The next worker that
  takes a poison task, or one that was cancelled, fails it. Returns how many tasks went back.
]]
local function returnCurrent(worker, tag, id, att, seq, crashed, maxCrashes)
  if isTask(id) and not isStartedBy(worker, id) then return 0 end
  rcall('LREM', keys.active, -1, id)
  rcall('DEL', jobKey(id) .. ':lock')
  --- @witness when rcall('EXISTS', jobKey(id)) == 0: "gone", "id", id
  if rcall('EXISTS', jobKey(id)) == 0 then return 0 end
  heedCancel(worker, att, id)
  if crashed then
    local crashes = rcall('HINCRBY', jobKey(id), 'stc', 1)
    if crashes >= maxCrashes then
      rcall('HSET', jobKey(id), 'defa', 'poison task: the worker died under it ' .. crashes .. ' times')
    end
  end
  --- @bug "a recovered task is forgotten" if crashed then return 0 end
  rcall('ZADD', keys.seq, seq, id)
  --- @bug "a recovered task goes to the tail of its tag" rcall('LPUSH', tagKey(tag), id)
  rcall('RPUSH', tagKey(tag), id)
  emit('waiting', 'jobId', id, 'prev', 'active')
  return 1
end

local function dissolve(worker, crashed, maxCrashes)
  local metaKey = workerKey(worker, 'meta')
  local tag, batch, ntag, marker, state = unpack(rcall('HMGET', metaKey, 'tag', 'batch', 'ntag', 'marker', 'state'))
  local at = standingOf(worker)
  local cur, att, seq = at.id, at.attempt, at.seq
  local count = 0
  --- @bug "a dead worker stays registered" if not crashed then rcall('HDEL', registryKey, worker) end
  rcall('HDEL', registryKey, worker)
  rcall('HDEL', keys.beats, worker)
  forgetProcess(worker)
  rcall('LREM', keys.idle, 0, worker)
  if ntag then
    count = rcall('LLEN', workerKey(worker, 'next'))
    dropAhead(worker, 'head')
  end
  rcall('LREM', keys.hungry, 0, worker)
  if tag then
    local wasReady = isReady(tag)
    --- @bug "the rest of a dead worker's batch is lost" if crashed then rcall('DEL', workerKey(worker, 'wait')) end
    count = count + returnToTag(tag, workerKey(worker, 'wait'))
    --- @bug "the running task of a worker that retires is lost" if cur and crashed then count = count + returnCurrent(worker, tag, cur, att, seq, crashed, maxCrashes) end
    if cur then count = count + returnCurrent(worker, tag, cur, att, seq, crashed, maxCrashes) end
    --- @bug "a dead worker keeps its tag" if not crashed then removeOwner(tag, worker) end
    removeOwner(tag, worker)
    settle(tag, wasReady, 'head')
    emit('released', 'identifyTag', tag, 'workerId', worker, 'size', batch, 'reason', crashed and 'lost' or 'shutdown')
  end
  --- @bug "a worker leaves its keys behind"
  rcall('DEL', metaKey, workerKey(worker, 'wait'), workerKey(worker, 'next'))
  rcall('HDEL', keys.standings, worker)
  if state then rcall('DEL', state) end
  if marker then rcall('ZREM', marker, worker, beatMember, cancelMember(worker, att, seq, cur or '')) end
  -- As at a release: what BullMQ's add set no marker for while the queue was maxed.
  if rcall('EXISTS', keys.ring, keys.ahead, keys.wait, keys.prioritized) > 0 then wakeLeader() end
  --- @witness crashed and "recovered" or "retired", "worker", worker, "leader", caller
  return count
end
