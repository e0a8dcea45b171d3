--- @include "includes/batches"
--[[
  Moves the next task of a worker to active and returns its data. Idempotent: while a current task is set, that one is
  returned again. A batch ends here, when the worker's `wait` is empty. Ids that are no waiting task any more are skipped:
  those whose hash is gone, and those that aff:seq does not know, which were removed and perhaps added again meanwhile.

  Returns, as BullMQ's moveToActive does,
  { job hash or 0, id or 0, rate limit ms, 0, { tag, batch position, fencing token, batch size } }
]]
local LOCK_MS = 2147483647

local function describe(worker, id)
  local tag, done, fence, batch = unpack(workerMeta(worker, 'tag', 'done', 'fence', 'batch'))
  local about = { tag or '', tonumber(done or 0), fence or '0', tonumber(batch or 0) }
  return { rcall('HGETALL', jobKey(id)), id, 0, 0, about }
end

-- queue.rateLimit, a limit set by hand for a while, writes a count that no number of starts reaches.
local LIMITED_BY_HAND = 9007199254740991

-- BullMQ's rate limit: the global one (meta: max, duration), or one set by hand. Returns the ms to wait, or counts one start.
local function limitRate(id, settings)
  if rcall('HEXISTS', jobKey(id), 'defa') == 1 then return 0 end
  if tonumber(rcall('GET', keys.limiter) or 0) >= tonumber(settings[2] or LIMITED_BY_HAND) then
    local left = rcall('PTTL', keys.limiter)
    if left > 0 then return left end
    rcall('DEL', keys.limiter)
  end
  if settings[2] and rcall('INCR', keys.limiter) == 1 then
    rcall('PEXPIRE', keys.limiter, math.abs(math.floor(settings[3] or 1000)))
  end
  return 0
end

local function startTask(worker, id, seq, token, timestamp)
  rcall('ZREM', keys.seq, id)
  rcall('LPUSH', keys.active, id)
  rcall('SET', jobKey(id) .. ':lock', token, 'PX', LOCK_MS)
  rcall('HSET', jobKey(id), 'processedOn', timestamp, 'pb', worker)
  local attempt = rcall('HINCRBY', jobKey(id), 'ats', 1)
  rcall('HINCRBY', workerKey(worker, 'meta'), 'done', 1)
  rcall('HSET', workerKey(worker, 'meta'), 'cur', id, 'att', attempt, 'seq', seq)
  emit('active', 'jobId', id, 'prev', 'waiting')
end

local function take(worker, token, timestamp)
  goOnWhenFull()
  local current, leaving = unpack(workerMeta(worker, 'cur', 'leaving'))
  if current then
    if isTask(current) then
      rcall('SET', jobKey(current) .. ':lock', token, 'PX', LOCK_MS)
      return describe(worker, current)
    end
    rcall('HDEL', workerKey(worker, 'meta'), 'cur', 'att', 'seq')
    rcall('LREM', keys.active, -1, current)
    rcall('DEL', jobKey(current) .. ':lock')
  end
  if leaving then return { 0, 0, 0, 0 } end
  local settings = rcall('HMGET', keys.meta, 'paused', 'max', 'duration')
  if settings[1] then return { 0, 0, 0, 0 } end
  local waitKey = workerKey(worker, 'wait')
  while true do
    local id = rcall('LINDEX', waitKey, -1)
    local seq = id and rcall('ZSCORE', keys.seq, id)
    if id and not (seq and isTask(id)) then
      rcall('RPOP', waitKey)
      rcall('ZREM', keys.seq, id)
    elseif id then
      local waitMs = limitRate(id, settings)
      if waitMs > 0 then return { 0, 0, waitMs, 0 } end
      rcall('RPOP', waitKey)
      startTask(worker, id, seq, token, timestamp)
      return describe(worker, id)
    else
      local tag = workerMeta(worker, 'tag')[1]
      if not tag then return { 0, 0, 0, 0 } end
      local reason = rcall('EXISTS', tagKey(tag)) == 1 and 'limit' or 'empty'
      if rcall('SISMEMBER', keys.pausedTags, tag) == 1 then reason = 'paused' end
      if not release(worker, reason) then return { 0, 0, 0, 0 } end
    end
  end
end
