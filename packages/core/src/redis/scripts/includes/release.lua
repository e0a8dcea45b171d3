--- @include "includes/events"
--- @include "includes/tags"
--- @include "includes/workers"
--[[
  Begin and end of a batch. The caller has validated everything.
]]
-- The documented state of a worker, for people and dashboards; nothing reads it to decide. `state` is its key.
local function showState(worker, state, tag, batch)
  if not state then return end
  rcall('HSET', state, 'workerId', worker, 'status', tag and 'running' or 'idle', 'currentIdentifyTag', tag or '',
    'currentBatchSize', batch or 0)
end

-- A worker with a batch and no look-ahead is a candidate for one if its tasks are short. Returns whether it is.
local function feedLater(worker, short, leaving)
  if short ~= '1' or leaving then return false end
  rcall('RPUSH', keys.hungry, worker)
  return true
end

-- `state`, `short` and `leaving` are what the worker's meta has.
local function beginBatch(worker, tag, batch, fence, state, short, leaving)
  rcall('HSET', workerKey(worker, 'meta'), 'tag', tag, 'batch', batch, 'fence', fence)
  showState(worker, state, tag, batch)
  feedLater(worker, short, leaving)
  emit('bound', 'identifyTag', tag, 'workerId', worker, 'size', batch, 'fencingToken', fence)
end

local isLeaderWoken

--[[
  Ends the batch of a worker whose `wait` is empty: the tag is unbound (and parked until `parkUntil`, if given) and joins the
  end of the ring if it has more; then the look-ahead begins, or the worker is idle (or nothing, where it is leaving). Returns
  tag, fencing token and size of the batch that began, or nil.
]]
local function release(worker, reason, parkUntil)
  local metaKey = workerKey(worker, 'meta')
  local tag, batch, ntag, nbatch, nfence, leaving, state, short =
    unpack(rcall('HMGET', metaKey, 'tag', 'batch', 'ntag', 'nbatch', 'nfence', 'leaving', 'state', 'short'))
  unbind(tag, worker, parkUntil)
  --- @witness "released", "tag", tag, "worker", worker
  emit('released', 'identifyTag', tag, 'workerId', worker, 'size', batch, 'reason', reason)
  if ntag then
    rcall('HDEL', metaKey, 'ntag', 'nbatch', 'nfence')
    rcall('LREM', keys.ahead, 0, worker)
    redis.pcall('RENAME', workerKey(worker, 'next'), workerKey(worker, 'wait')) -- there may be nothing in it
    --- @witness "begun", "tag", ntag, "worker", worker
    beginBatch(worker, ntag, nbatch, nfence, state, short, leaving)
  else
    rcall('HDEL', metaKey, 'tag', 'batch', 'fence')
    if short == '1' then rcall('LREM', keys.hungry, 0, worker) end
    if not leaving then rcall('RPUSH', keys.idle, worker) end
    showState(worker, state)
  end
  -- BullMQ's add sets no marker while as many tasks run as the global concurrency allows: what it added is looked for here.
  if not isLeaderWoken and (parkUntil or rcall('EXISTS', keys.ring, keys.ahead, keys.wait, keys.prioritized) > 0) then
    wakeLeader()
    isLeaderWoken = true
  end
  return ntag, nfence, nbatch
end
