--- @include "includes/release"
--- @include "includes/workers"
--- @include "includes/start"
--[[
  Moves the next task of a worker to active and returns its data. Idempotent: while a current task is set, that one is
  returned again. A batch ends here, when the worker's `wait` is empty. Ids that are no waiting task any more are skipped:
  those whose hash is gone, and those that aff:seq does not know, which were removed and perhaps added again meanwhile.
  A worker that holds its batch, for hooks of the application that come before the release, is told that the batch is over
  and why; it ends at a take without holding.

  Returns, for a task as it was added, which has nothing but the fields of one,
    { standing (includes/standing.lua), data, name, options, timestamp, processedOn }, and where the caller may not know
    them: tag, size of the batch
  and else, as BullMQ's moveToActive does,
    { job hash or 0, id or 0, rate limit ms, 0, { standing, tag, size of the batch } };
  at the end of a batch that is held { 0, 0, 0, 0, reason }
]]
local NOTHING = { 0, 0, 0, 0 }

-- What a take needs of a worker.
local function readWorker(worker)
  local values, text = workerMeta(worker, 'tag', 'fence', 'batch', 'leaving', 'short'), standingTextOf(worker)
  local at = readStanding(text)
  -- Scripts that end one attempt alone note the length of tasks in the meta only.
  at.short = values[5] or '0'
  return {
    id = worker, text = text, at = at, tag = values[1],
    fence = values[2] or '', batch = values[3], leaving = values[4],
  }
end

local function startTask(worker, id, seq, task, token, timestamp)
  if task.fields then return startPlain(worker, id, seq, task.fields, token, timestamp) end
  local attempt = asText(task.attempts + 1)
  local text = begin(worker, id, seq, attempt, token, timestamp)
  local hash = task.hash
  local n = #hash
  hash[n + 1], hash[n + 2], hash[n + 3] = 'processedOn', timestamp, 'pb'
  hash[n + 4], hash[n + 5], hash[n + 6] = worker.id, 'ats', attempt
  return { hash, id, 0, 0, { text, worker.tag or '', tonumber(worker.batch or 0) } }
end

-- queue.rateLimit, a limit set by hand for a while, writes a count that no number of starts reaches.
local LIMITED_BY_HAND = 9007199254740991

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
  if isOne then return { hash = hash, attempts = attempts } end
  return nil
end

local function readTask(id)
  local fields = plainFields(id)
  if fields then return { fields = fields, attempts = 0 } end
  return taskHash(id)
end

-- Why a batch ends of which nothing is left. The tag of one that has room may have more: the leader has not topped it up yet.
local function endReason(worker)
  if not worker.tag or rcall('EXISTS', tagKey(worker.tag)) == 0 then return 'empty' end
  if rcall('SISMEMBER', keys.pausedTags, worker.tag) == 1 then return 'paused' end
  return tonumber(worker.batch or 0) >= tonumber(rcall('HGET', ctlKey, 'size') or 0) and 'limit' or 'empty'
end

-- The next task of a worker that has none.
local function takeNext(worker, token, timestamp)
  if worker.leaving or queueSettings()[2] then return NOTHING end
  local waitKey, mayHaveToWait = workerKey(worker.id, 'wait'), isLimited()
  while true do
    --- @bug "a release before the batch is empty" local id = takenOf(worker.at, worker.fence) < 1 and rcall('RPOP', waitKey)
    local id = mayHaveToWait and rcall('LINDEX', waitKey, '-1') or not mayHaveToWait and rcall('RPOP', waitKey)
    if id then
      local seq = redis.pcall('ZSCORE', keys.seq, id)
      if type(seq) == 'table' then
        if not mayHaveToWait then rcall('RPUSH', waitKey, id) end
        error(seq.err)
      end
      local task = seq and not isStarted[id] and readTask(id)
      if task then
        local waitMs = mayHaveToWait and limitRate(id) or 0
        if waitMs > 0 then return { 0, 0, waitMs, 0 } end
        if mayHaveToWait then rcall('RPOP', waitKey) end
        return startTask(worker, id, seq, task, token, timestamp)
      end
      if mayHaveToWait then rcall('RPOP', waitKey) end
      --- @witness when not isStarted[id]: "gone", "id", id
      if not isStarted[id] then rcall('ZREM', keys.seq, id) end
    else
      if worker.holds then return { 0, 0, 0, 0, endReason(worker) } end
      if not worker.tag then return NOTHING end
      local tag, fence, batch = release(worker.id, endReason(worker))
      worker.tag, worker.fence, worker.batch = tag, fence or '', batch
      if not tag then return NOTHING end
    end
  end
end

-- The current task again, or nil where its hash is gone, or is that of another task, which is left alone.
local function takeAgain(worker, token)
  local id, task = worker.at.id, taskHash(worker.at.id)
  local isOurs = task and isStartedBy(worker.id, id)
  if isOurs then
    rcall('SET', jobKey(id) .. ':lock', token)
    local text = string.gsub(worker.text, '^~', '')
    if text ~= worker.text then writeStanding(worker.id, text) end
    return { task.hash, id, 0, 0, { text, worker.tag or '', tonumber(worker.batch or 0) } }
  end
  --- @witness when not task: "gone", "id", id
  local at = worker.at
  at.id = false
  writeStanding(worker.id, standingText(at.short, '', at.done, at.fence, '', '', at.last))
  if task then return nil end
  rcall('LREM', keys.active, -1, id)
  rcall('DEL', jobKey(id) .. ':lock')
  return nil
end

local function take(workerId, token, timestamp, holds)
  goOnWhenFull()
  local worker = readWorker(workerId)
  worker.holds = holds
  --- @bug "a take that is not idempotent" local task = takeNext(worker, token, timestamp)
  local task = worker.at.id and takeAgain(worker, token) or takeNext(worker, token, timestamp)
  writeStarted()
  return task
end
