--- @include "includes/release"
--[[
  Moves the next task of a worker to active and returns its data. Idempotent: while a current task is set, that one is
  returned again. A batch ends here, when the worker's `wait` is empty. Ids that are no waiting task any more are skipped:
  those whose hash is gone, and those that aff:seq does not know, which were removed and perhaps added again meanwhile.
  A worker that holds its batch, for hooks of the application that come before the release, is told that the batch is over
  and why; it ends at a take without holding.

  Returns, as BullMQ's moveToActive does,
  { job hash or 0, id or 0, rate limit ms, 0, { tag, batch position, fencing token, batch size, place in the order } };
  at the end of a batch that is held { 0, 0, 0, 0, reason }
]]
local NOTHING = { 0, 0, 0, 0 }

-- Redis formats a number that is an argument as if it had a fraction, slowly.
local SMALL = { '1', '2', '3', '4', '5', '6', '7', '8', '9', '10' }

local function asText(number) return SMALL[number] or string.format('%.0f', number) end

-- What a take needs of a worker.
local function readWorker(worker)
  local metaKey = workerKey(worker, 'meta')
  local values = rcall('HMGET', metaKey, 'cur', 'att', 'last', 'tag', 'done', 'fence', 'batch', 'leaving', 'short', 'seq')
  return {
    id = worker, metaKey = metaKey, cur = values[1], att = values[2], last = values[3], tag = values[4], done = values[5], fence = values[6],
    batch = values[7], leaving = values[8], short = values[9] or '0', seq = values[10],
  }
end

local function reply(worker, id, hash)
  return { hash, id, 0, 0, { worker.tag or '', tonumber(worker.done or 0), worker.fence or '0', tonumber(worker.batch or 0), worker.seq or '' } }
end

-- What this script has started, until `writeStarted` writes it. Locks have no expiry: what keeps a task is the lease of its
-- worker, and every way out of `active` deletes its lock.
local startedIds, startedLocks, isStarted = {}, {}, {}

local function writeStarted()
  if #startedIds == 0 then return end
  rcall('ZREM', keys.seq, unpack(startedIds))
  rcall('LPUSH', keys.active, unpack(startedIds))
  rcall('MSET', unpack(startedLocks))
  startedIds, startedLocks = {}, {}
end

-- Every script of ours that records an outcome and takes writes `last` with the start: one write instead of two.
local function startTask(worker, id, seq, hash, attempts, token, timestamp)
  local key, attempt = jobKey(id), asText(attempts + 1)
  rcall('HSET', key, 'processedOn', timestamp, 'pb', worker.id, 'ats', attempt)
  worker.done = tonumber(worker.done or 0) + 1
  rcall('HSET', worker.metaKey, 'cur', id, 'att', attempt, 'seq', seq, 'done', asText(worker.done), 'last', worker.last or '')
  --- @witness "taken", "id", id, "tag", worker.tag or "", "worker", worker.id, "attempt", attempt, "fence", worker.fence or "0"
  emit('active', 'jobId', id, 'prev', 'waiting')
  startedIds[#startedIds + 1] = id
  startedLocks[#startedLocks + 1] = key .. ':lock'
  startedLocks[#startedLocks + 1] = token
  isStarted[id] = true
  local n = #hash
  hash[n + 1], hash[n + 2], hash[n + 3] = 'processedOn', timestamp, 'pb'
  hash[n + 4], hash[n + 5], hash[n + 6] = worker.id, 'ats', attempt
  worker.cur, worker.seq = id, seq
  return reply(worker, id, hash)
end

-- queue.rateLimit, a limit set by hand for a while, writes a count that no number of starts reaches.
local LIMITED_BY_HAND = 9007199254740991
local isUnlimited

-- Anybody may write the limit; what is no number is none.
local function isLimited()
  if isUnlimited == nil then isUnlimited = not (tonumber(queueSettings()[3]) or rcall('GET', keys.limiter)) end
  return not isUnlimited
end

-- BullMQ's rate limit: the global one (meta: max, duration), or one set by hand. Returns the ms to wait, or counts one start.
local function limitRate(id)
  if rcall('HEXISTS', jobKey(id), 'defa') == 1 then return 0 end
  local max, duration = tonumber(queueSettings()[3]), tonumber(queueSettings()[4])
  local starts = rcall('GET', keys.limiter)
  if tonumber(starts or 0) >= tonumber(max or LIMITED_BY_HAND) then
    local left = rcall('PTTL', keys.limiter)
    if left > 0 then return left end
    rcall('DEL', keys.limiter)
  end
  if max and rcall('INCR', keys.limiter) == 1 then
    rcall('PEXPIRE', keys.limiter, string.format('%.0f', math.abs(math.floor(duration or 1000))))
  end
  return 0
end

-- The hash of a task (see isTask) and how often it was started, or nil.
local function taskHash(id)
  local hash = redis.pcall('HGETALL', jobKey(id))
  local isOne, attempts = false, 0
  for i = 1, #hash, 2 do
    local field = hash[i]
    if field == 'timestamp' then isOne = true elseif field == 'ats' then attempts = tonumber(hash[i + 1]) or 0 end
  end
  if isOne then return hash, attempts end
  return nil
end

-- Why a batch ends of which nothing is left.
local function endReason(tag)
  if rcall('EXISTS', tagKey(tag)) == 0 then return 'empty' end
  return rcall('SISMEMBER', keys.pausedTags, tag) == 1 and 'paused' or 'limit'
end

-- The next task of a worker that has none.
local function takeNext(worker, token, timestamp)
  if worker.leaving or queueSettings()[2] then return NOTHING end
  local waitKey, mayHaveToWait = workerKey(worker.id, 'wait'), isLimited()
  while true do
    --- @bug "a release before the batch is empty" local id = tonumber(worker.done or 0) < 1 and rcall('RPOP', waitKey)
    local id = mayHaveToWait and rcall('LINDEX', waitKey, '-1') or not mayHaveToWait and rcall('RPOP', waitKey)
    if id then
      local seq = rcall('ZSCORE', keys.seq, id)
      local hash, attempts
      if seq and not isStarted[id] then hash, attempts = taskHash(id) end
      if hash then
        local waitMs = mayHaveToWait and limitRate(id) or 0
        if waitMs > 0 then return { 0, 0, waitMs, 0 } end
        if mayHaveToWait then rcall('RPOP', waitKey) end
        return startTask(worker, id, seq, hash, attempts, token, timestamp)
      end
      if mayHaveToWait then rcall('RPOP', waitKey) end
      --- @witness when not isStarted[id]: "gone", "id", id
      if not isStarted[id] then rcall('ZREM', keys.seq, id) end
    else
      local tag = worker.tag
      if worker.holds then return { 0, 0, 0, 0, tag and endReason(tag) or 'empty' } end
      if not tag then return NOTHING end
      worker.tag, worker.fence, worker.batch = release(worker.id, endReason(tag))
      if not worker.tag then return NOTHING end
      worker.done = 0
    end
  end
end

-- The current task again, or nil where its hash is gone.
local function takeAgain(worker, token)
  local id = worker.cur
  local hash = taskHash(id)
  if hash then
    rcall('SET', jobKey(id) .. ':lock', token)
    return reply(worker, id, hash)
  end
  --- @witness "gone", "id", id
  rcall('HDEL', workerKey(worker.id, 'meta'), 'cur', 'att', 'seq')
  rcall('LREM', keys.active, -1, id)
  rcall('DEL', jobKey(id) .. ':lock')
  worker.cur = false
  return nil
end

local function take(workerId, token, timestamp, holds)
  goOnWhenFull()
  local worker = readWorker(workerId)
  worker.holds = holds
  --- @bug "a take that is not idempotent" local task = takeNext(worker, token, timestamp)
  local task = worker.cur and takeAgain(worker, token) or takeNext(worker, token, timestamp)
  writeStarted()
  return task
end
