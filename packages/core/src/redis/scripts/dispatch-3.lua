--[[
  One round of the leader: due delayed tasks and parked tags, intake of what was added, top-up, assignment, look-ahead.
  Bounded by ids and by bytes; the leader calls it again while `more` is 1.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the leader "nodeId:epoch"
  ARGV[4]  maxBatchSize, 1 to 1,000
  ARGV[5]  how many ids one call may promote, take in, add to batches, or bind (the last batch is filled whole), 1 to 1,000
  ARGV[6]  how many bytes of task data one call may read (the last task is read whole)
  ARGV[7]  longest allowed data of a task, in bytes
  ARGV[8]  longest allowed tag, in bytes
  Returns  { taken in, bound, more (0 | 1), ms until the next due task or tag (-1: none) }; STALE_LEADER, INVALID_ARGUMENT
]]
--- @include "includes/fence"
--- @include "includes/batches"
--- @include "includes/children"
--- @include "includes/taskTag"

local maxBatchSize, maxIds, maxBytes = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local maxDataBytes, maxTagBytes = tonumber(ARGV[7]), tonumber(ARGV[8])
local function isCount(number) return number and number >= 1 and number <= 1000 end
local function isSize(number) return number and number >= 1 end
if not (isCount(maxBatchSize) and isCount(maxIds) and isSize(maxBytes) and isSize(maxDataBytes) and isSize(maxTagBytes)) then
  return INVALID_ARGUMENT
end
--- @bug "a dispatch without a fence"
if not isLeader() then return STALE_LEADER end

-- A look-ahead that has waited this long goes to an idle worker before the tags that became ready after it.
local PATIENCE_MICROSECONDS = 1000000

local now = nowMs()
local more = 0

-- BullMQ scores a delayed job with (ms of its due time) * 4096 + a sequence number.
local function promoteDue()
  local due = rcall('ZRANGEBYSCORE', keys.delayed, 0, (now + 1) * 4096 - 1, 'LIMIT', 0, maxIds)
  if #due == 0 then return end
  if #due == maxIds then more = 1 end
  for _, id in ipairs(due) do
    if isTask(id) then
      rcall('HSET', jobKey(id), 'delay', 0)
      rcall('LPUSH', keys.wait, id)
      emit('waiting', 'jobId', id, 'prev', 'delayed')
    end
  end
  rcall('ZREM', keys.delayed, unpack(due))
end

local function unparkDue()
  local due = rcall('ZRANGEBYSCORE', keys.parked, '-inf', now, 'LIMIT', 0, maxIds)
  if #due == maxIds then more = 1 end
  for _, tag in ipairs(due) do
    rcall('ZREM', keys.parked, tag)
    --- @witness "unparked", "tag", tag
    settle(tag, false)
  end
end

-- A parent whose children have ended, or that is retried, comes by way of `wait`.
local function noteChildren(id)
  if hasChildKeys(jobKey(id)) then rcall('HSET', jobKey(id), 'aff:flow', '1') end
end

-- What this call takes in: ids by tag, each in order; `writeIndex` writes them tag by tag.
local idsByTag, touchedOrder, indexed = {}, {}, {}

-- Returns the number of bytes read.
local function takeIn(id)
  local bytes = redis.pcall('HSTRLEN', jobKey(id), 'data')
  if type(bytes) ~= 'number' then return 0 end
  local data
  if bytes > maxDataBytes then
    if not isTask(id) then return 0 end
  else
    local fields = rcall('HMGET', jobKey(id), 'timestamp', 'data')
    if not fields[1] then return 0 end
    data = fields[2]
  end
  local tag, reason = readTag(data, bytes, maxDataBytes, maxTagBytes)
  if not tag then
    tag = MALFORMED_TAG
    rcall('HSET', jobKey(id), 'defa', MALFORMED .. reason)
  end
  if not idsByTag[tag] then
    idsByTag[tag] = {}
    touchedOrder[#touchedOrder + 1] = tag
  end
  table.insert(idsByTag[tag], id)
  noteChildren(id)
  --- @witness "indexed", "id", id, "tag", tag, "seq", "0"
  indexed[#indexed + 1] = id
  return math.min(bytes, maxDataBytes)
end

-- Members of one command.
local AT_ONCE = 500

local function writeIndex()
  if #indexed == 0 then return end
  local seq = rcall('HINCRBY', ctlKey, 'seq', #indexed) - #indexed
  for from = 1, #indexed, AT_ONCE do
    local scores = {}
    for i = from, math.min(from + AT_ONCE - 1, #indexed) do
      scores[#scores + 1] = seq + i
      scores[#scores + 1] = indexed[i]
    end
    rcall('ZADD', keys.seq, unpack(scores))
  end
  for _, tag in ipairs(touchedOrder) do
    local ids = idsByTag[tag]
    if rcall('LPUSH', tagKey(tag), unpack(ids)) == #ids then settle(tag, false) end
  end
end

local function intake()
  local ids = rcall('LRANGE', keys.wait, -maxIds, -1)
  local count, bytes = 0, 0
  for i = #ids, 1, -1 do
    bytes = bytes + takeIn(ids[i])
    count = count + 1
    if bytes >= maxBytes then break end
  end
  local prioritized = {}
  if count < #ids or count == maxIds then
    more = 1
  else
    -- Foreign producers may set a priority; within a tag it has no meaning, so those tasks follow the plain ones.
    for _, id in ipairs(rcall('ZRANGE', keys.prioritized, 0, maxIds - count - 1)) do
      if bytes >= maxBytes then break end
      bytes = bytes + takeIn(id)
      prioritized[#prioritized + 1] = id
    end
  end
  writeIndex()
  if count > 0 then rcall('LTRIM', keys.wait, 0, -count - 1) end
  if #prioritized > 0 then rcall('ZREM', keys.prioritized, unpack(prioritized)) end
  if more == 0 and rcall('EXISTS', keys.prioritized) == 1 then more = 1 end
  return count + #prioritized
end

local function topUpTouched()
  local added, moved = rcall('SPOP', keys.touched, maxIds), 0
  if #added == maxIds then more = 1 end
  for i, tag in ipairs(added) do
    if moved >= maxIds then
      rcall('SADD', keys.touched, unpack(added, i))
      more = 1
      break
    end
    for _, worker in ipairs(ownersOf(tag)) do moved = moved + topUp(worker, tag, maxBatchSize) end
  end
  for _, tag in ipairs(touchedOrder) do
    for _, worker in ipairs(ownersOf(tag)) do topUp(worker, tag, maxBatchSize) end
  end
end

-- How many more workers the global concurrency (BullMQ's, in `meta`) lets hold a batch; below 0 after it was lowered.
local function freePlaces()
  local limit = tonumber(rcall('HGET', keys.meta, 'concurrency') or 0)
  if limit == 0 then return math.huge end
  return limit - (rcall('HLEN', registryKey) - rcall('LLEN', keys.idle))
end

-- The next tag for an idle worker: a look-ahead that has waited long, then the ring, then the other look-aheads.
local function nextTag()
  local busy = rcall('LINDEX', keys.ahead, 0)
  local tag = rcall('LINDEX', keys.ring, 0)
  if busy and (not tag or now * 1000 - tonumber(workerMeta(busy, 'nfence')[1] or 0) > PATIENCE_MICROSECONDS) then
    tag = dropAhead(busy, 'head')
  end
  return tag
end

local function assign()
  local bound = 0
  while bound < maxIds and rcall('EXISTS', keys.idle) == 1 and freePlaces() > 0 do
    local tag = nextTag()
    if not tag then return bound end
    if rcall('LREM', keys.ring, 1, tag) == 1 and rcall('EXISTS', tagKey(tag)) == 1 then
      bound = bound + bind(rcall('LPOP', keys.idle), tag, maxBatchSize)
    end
  end
  if bound >= maxIds then more = 1 end
  return bound
end

local function lookAhead(bound)
  local places = freePlaces()
  if places < 0 or (places > 0 and rcall('EXISTS', keys.idle) == 1) then return bound end
  -- A tag that may have more owners joins the ring again.
  local left = 1
  while bound < maxIds and left > 0 do
    left = math.min(rcall('LLEN', keys.ring), rcall('LLEN', keys.hungry))
    for _ = 1, left do
      if bound >= maxIds then break end
      bound = bound + bindAhead(rcall('LPOP', keys.hungry), rcall('LPOP', keys.ring), maxBatchSize)
    end
  end
  if bound >= maxIds then more = 1 end
  return bound
end

local function nextDue()
  local delayed = rcall('ZRANGE', keys.delayed, 0, 0, 'WITHSCORES')
  local parked = rcall('ZRANGE', keys.parked, 0, 0, 'WITHSCORES')
  local due = math.huge
  if delayed[2] then due = math.floor(tonumber(delayed[2]) / 4096) end
  if parked[2] then due = math.min(due, tonumber(parked[2])) end
  return due == math.huge and -1 or math.max(0, math.ceil(due - now))
end

promoteDue()
unparkDue()
local taken = intake()
local bound = 0
if rcall('HEXISTS', keys.meta, 'paused') == 0 then
  topUpTouched()
  bound = lookAhead(assign())
end
saveFence(maxBatchSize)
return { taken, bound, more, nextDue() }
