--- @include "includes/events"
--- @include "includes/tags"
--[[
  The life of a batch: bind, top up, look ahead, begin, release. The caller has validated everything.
]]
local lastFence -- of this script

local function nextFence()
  if lastFence then
    lastFence = lastFence + 1
  else
    local time = rcall('TIME')
    local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
    lastFence = math.max(tonumber(rcall('HGET', ctlKey, 'fence') or 0) + 1, now)
  end
  local text = string.format('%.0f', lastFence)
  rcall('HSET', ctlKey, 'fence', text)
  return text
end

local function workerMeta(worker, ...)
  return rcall('HMGET', workerKey(worker, 'meta'), ...)
end

local function wakeWorker(worker)
  local marker = workerMeta(worker, 'marker')[1]
  if marker then rcall('ZADD', marker, 0, worker) end
end

-- What tells a worker through its marker to abort one attempt.
local function cancelMember(worker, attempt, id) return 'cancel:' .. worker .. ':' .. attempt .. ':' .. id end

-- An attempt that was cancelled and ends without the word of its handler: the next worker that takes the task fails it.
local function heedCancel(worker, attempt, id)
  if workerMeta(worker, 'cancelled')[1] ~= attempt .. ':' .. id then return false end
  rcall('HSET', jobKey(id), 'defa', "Task '" .. id .. "' was cancelled")
  return true
end

-- Wakes every worker that holds a batch.
local function wakeBound()
  for _, worker in ipairs(rcall('HKEYS', registryKey)) do
    if workerMeta(worker, 'tag')[1] then wakeWorker(worker) end
  end
end

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
  rcall('HSET', workerKey(worker, 'meta'), 'tag', tag, 'batch', batch, 'done', 0, 'fence', fence)
  showState(worker, state, tag, batch)
  feedLater(worker, short, leaving)
  emit('bound', 'identifyTag', tag, 'workerId', worker, 'size', batch, 'fencingToken', fence)
end

-- Binds a ready tag to an idle worker (which the caller has taken from aff:idle, and the tag from aff:ring).
local function bind(worker, tag, maxBatchSize)
  local count = moveFromTag(tag, workerKey(worker, 'wait'), maxBatchSize)
  addOwner(tag, worker)
  local state, short, leaving, marker = unpack(workerMeta(worker, 'state', 'short', 'leaving', 'marker'))
  beginBatch(worker, tag, count, nextFence(), state, short, leaving)
  settle(tag, false)
  if marker then rcall('ZADD', marker, 0, worker) end
  return count
end

-- Binds a ready tag to a busy worker as its look-ahead.
local function bindAhead(worker, tag, maxBatchSize)
  local count = moveFromTag(tag, workerKey(worker, 'next'), maxBatchSize)
  addOwner(tag, worker)
  rcall('HSET', workerKey(worker, 'meta'), 'ntag', tag, 'nbatch', count, 'nfence', nextFence())
  rcall('RPUSH', keys.ahead, worker)
  settle(tag, false)
  return count
end

-- Gives a look-ahead that has not begun back to the head of its tag; returns the tag, or nil where there is none.
local function dropAhead(worker, where)
  local batchTag, tag, short, leaving = unpack(workerMeta(worker, 'tag', 'ntag', 'short', 'leaving'))
  if not tag then return nil end
  local wasReady = isReady(tag)
  rcall('HDEL', workerKey(worker, 'meta'), 'ntag', 'nbatch', 'nfence')
  rcall('LREM', keys.ahead, 0, worker)
  returnToTag(tag, workerKey(worker, 'next'))
  removeOwner(tag, worker)
  settle(tag, wasReady, where)
  if batchTag then feedLater(worker, short, leaving) end
  return tag
end

-- Extends the batch of a bound tag with tasks that came meanwhile, on the same worker; returns how many. A tag can be paused,
-- or with several owners in a back-off, while one of them still runs.
local function topUp(worker, tag, maxBatchSize)
  local meta = workerMeta(worker, 'tag', 'batch', 'ntag', 'leaving', 'state')
  local room = maxBatchSize - tonumber(meta[2] or maxBatchSize)
  if meta[1] ~= tag or meta[3] or meta[4] or room <= 0 or isHeld(tag) then return 0 end
  local wasReady = isReady(tag)
  local count = moveFromTag(tag, workerKey(worker, 'wait'), room)
  if count == 0 then return 0 end
  local batch = rcall('HINCRBY', workerKey(worker, 'meta'), 'batch', count)
  showState(worker, meta[5], tag, batch)
  settle(tag, wasReady)
  return count
end

--[[
  Ends the batch of a worker whose `wait` is empty: the tag is unbound (and parked until `parkUntil`, if given) and joins the
  end of the ring if it has more; then the look-ahead begins, or the worker is idle (or nothing, where it is leaving). Returns
  true if a look-ahead began.
]]
local function release(worker, reason, parkUntil)
  local metaKey = workerKey(worker, 'meta')
  local tag, batch, ntag, nbatch, nfence, leaving, state, short =
    unpack(rcall('HMGET', metaKey, 'tag', 'batch', 'ntag', 'nbatch', 'nfence', 'leaving', 'state', 'short'))
  local wasReady = isReady(tag)
  rcall('HDEL', metaKey, 'tag', 'batch', 'done', 'fence', 'ntag', 'nbatch', 'nfence')
  rcall('LREM', keys.hungry, 0, worker)
  removeOwner(tag, worker)
  if parkUntil then rcall('ZADD', keys.parked, 'GT', parkUntil, tag) end
  settle(tag, wasReady)
  emit('released', 'identifyTag', tag, 'workerId', worker, 'size', batch, 'reason', reason)
  local began = false
  if ntag then
    rcall('LREM', keys.ahead, 0, worker)
    if rcall('EXISTS', workerKey(worker, 'next')) == 1 then
      rcall('RENAME', workerKey(worker, 'next'), workerKey(worker, 'wait'))
    end
    beginBatch(worker, ntag, nbatch, nfence, state, short, leaving)
    began = true
  else
    if not leaving then rcall('RPUSH', keys.idle, worker) end
    showState(worker, state)
  end
  -- BullMQ's add sets no marker while as many tasks run as the global concurrency allows: what it added is looked for here.
  if parkUntil or rcall('EXISTS', keys.ring, keys.ahead, keys.wait, keys.prioritized) > 0 then wakeLeader() end
  return began
end
