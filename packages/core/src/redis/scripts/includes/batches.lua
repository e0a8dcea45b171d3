--- @include "includes/moves"
--- @include "includes/release"
--[[
  Bind, look ahead, take back, top up. The caller has validated everything, and calls `saveFence` in the end.
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
  return string.format('%.0f', lastFence)
end

-- Ends every script that binds. Workers tell by the size whether a batch was full.
local function saveFence(maxBatchSize)
  if lastFence then rcall('HSET', ctlKey, 'fence', string.format('%.0f', lastFence), 'size', maxBatchSize) end
end

-- Binds a ready tag to an idle worker (which the caller has taken from aff:idle, and the tag from aff:ring).
local function bind(worker, tag, maxBatchSize)
  --- @bug "a batch that is one task too large" local count = moveFromTag(tag, workerKey(worker, 'wait'), maxBatchSize + 1)
  local count = moveFromTag(tag, workerKey(worker, 'wait'), maxBatchSize)
  own(tag, worker)
  local state, short, leaving, marker = unpack(workerMeta(worker, 'state', 'short', 'leaving', 'marker'))
  beginBatch(worker, tag, count, nextFence(), state, short, leaving)
  --- @witness "bound", "tag", tag, "worker", worker, "fence", string.format('%.0f', lastFence), "size", count, "ahead", "0", "leader", caller
  if marker then rcall('ZADD', marker, 0, worker) end
  return count
end

-- Binds a ready tag to a busy worker as its look-ahead.
local function bindAhead(worker, tag, maxBatchSize)
  local count = moveFromTag(tag, workerKey(worker, 'next'), maxBatchSize)
  own(tag, worker)
  rcall('HSET', workerKey(worker, 'meta'), 'ntag', tag, 'nbatch', count, 'nfence', nextFence())
  --- @witness "bound", "tag", tag, "worker", worker, "fence", string.format('%.0f', lastFence), "size", count, "ahead", "1", "leader", caller
  rcall('RPUSH', keys.ahead, worker)
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
  --- @witness "dropped", "tag", tag, "worker", worker
  if batchTag then feedLater(worker, short, leaving) end
  return tag
end

-- Extends the batch of a bound tag with tasks that came meanwhile, on the same worker; returns how many. A tag can be paused,
-- or with several owners in a back-off, while one of them still runs.
local function topUp(worker, tag, maxBatchSize)
  local meta = workerMeta(worker, 'tag', 'batch', 'ntag', 'leaving', 'state')
  --- @bug "a top-up of a full batch" local room = 1
  local room = maxBatchSize - tonumber(meta[2] or maxBatchSize)
  if meta[1] ~= tag or meta[3] or meta[4] or room <= 0 or isHeld(tag) then return 0 end
  local wasReady = isReady(tag)
  --- @bug "a top-up that is lost" local count = #(rcall('RPOP', tagKey(tag), room) or {})
  local count = moveFromTag(tag, workerKey(worker, 'wait'), room)
  if count == 0 then return 0 end
  local batch = rcall('HINCRBY', workerKey(worker, 'meta'), 'batch', count)
  --- @witness "toppedUp", "tag", tag, "worker", worker, "count", count
  markChanged(worker)
  showState(worker, meta[5], tag, batch)
  settle(tag, wasReady)
  return count
end
