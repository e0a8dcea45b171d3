--[[
  Records the completions of tasks of several workers of an instance in one step, and takes the next task of each. Only what is
  usual: a plain task, to which nobody has given a parent or children since its worker took it. Any other one is left to commitTask, which knows every case: a
  completion that is sent again, a worker that was declared dead, a task that has got a parent or children. The caller sends
  no task that was more than plain when it was taken (bullmq/taken-task.ts): with a parent, children that have ended, a
  deduplication id, or attempts that are counted anew. What the outcomes depend on is read and validated first; a task that is
  left out does not touch the others. Bounded by the number of workers, by what retention may remove, and by the data of the
  next tasks: when it has read so much, the others are left to takes of their own.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the nodeId
  ARGV[4]   the instance's clock, ms since the epoch
  ARGV[5]   1: trim the stream of events, which happens by itself only where a next task is taken the general way
  ARGV[6]   0, 1: take the next tasks, or 2: and hold the batches; with ":0" or ":1" where the workers' tasks have become long or
            short
  ARGV[7..] per task seven arguments:
            workerId
            the worker's standing as it was told (includes/standing.lua)
            id of the task
            what the standing with the next task begins with, up to its place in the order,
            and what stands between that and its id
            which completed tasks to keep ("<number>:<seconds>", each "" for all)
            result (JSON)
  Returns   per task: the next task (includes/take.lua, but for processedOn where it is ARGV[4]), 0, or NOT_PLAIN: nothing was
            recorded; INVALID_ARGUMENT for all
]]
local rcall = redis.call
local base, workerBase, timestamp = ARGV[1], ARGV[2], ARGV[4]
local active, events, sequence, completedKey = base .. 'active', base .. 'events', base .. 'aff:seq', base .. 'completed'
local standingsKey = base .. 'aff:standings'
local INVALID_ARGUMENT, NOT_PLAIN = -106, -109
local MOST_BYTES = 250000

local FIRST, FIELDS = 7, 7
local count = (#ARGV + 1 - FIRST) / FIELDS
if count < 1 or count % 1 ~= 0 or not tonumber(timestamp) then return INVALID_ARGUMENT end

--[[
  Completions that go on within their batch, or with the look-ahead, are done in one piece, without functions: in Redis they are
  made anew for every call. For the same reason strings are put together only where they are needed; each costs about as much
  as the half of a small command. What one command can ask or write for all of them is asked and written once. Tables have
  room for a usual group from the beginning: one that grows is made anew at each doubling.
]]
-- A global name is looked up each time that it is used.
local given, tryCall, sub, find, byte = ARGV, redis.pcall, string.sub, string.find, string.byte
local ONE, COLON = 49, 58
-- What a plain task was added with (includes/start.lua), and has when it runs for the first time: `processedOn`, `pb` and `ats`.
local FIELDS_WHEN_ADDED = 6
local FIELDS_WHEN_RUNNING = FIELDS_WHEN_ADDED + 3
local takes = given[6]
local workers = { nil, nil, nil, nil, nil, nil, nil, nil }
for i = 1, count do workers[i] = given[FIRST + (i - 1) * FIELDS] end
local standings = rcall('HMGET', standingsKey, unpack(workers))
-- A table per task would cost more.
local jobKeys, attempts = { nil, nil, nil, nil, nil, nil, nil, nil }, { nil, nil, nil, nil, nil, nil, nil, nil }
local seen, lockKeys = {}, { nil, nil, nil, nil, nil, nil, nil, nil }
for i = 1, count do
  local text, worker = given[FIRST + (i - 1) * FIELDS + 1], workers[i]
  local key = base .. given[FIRST + (i - 1) * FIELDS + 2]
  lockKeys[i] = key .. ':lock'
  -- A worker has one outcome to tell at a time. The standing of one that was declared dead is gone.
  --- @bug "an outcome without asking who runs the task" if not seen[worker] then
  if not seen[worker] and (standings[i] == text or standings[i] == '~' .. text) then
    seen[worker] = true
    jobKeys[i] = key
  end
end
local locks = rcall('MGET', unpack(lockKeys))
local besides, besidesCount = { base .. 'limiter' }, 1
for i = 1, count do
  local key, text = jobKeys[i], given[FIRST + (i - 1) * FIELDS + 1]
  if key then
    local made
    -- While it runs it can get a parent, children, and with one that failed a deferred failure; and an id can be removed under
    -- its worker, and added again. The lock says who has started it last, and so many fields that nothing was added since.
    -- Otherwise its fields themselves tell who has started it, and how often.
    if locks[i] == workers[i] and byte(text, 3) == ONE and byte(text, 4) == COLON and
      tryCall('HLEN', key) == FIELDS_WHEN_RUNNING then
      made = 0
    else
      local job = tryCall('HMGET', key, 'pb', 'ats', 'parentKey', 'defa', 'atm')
      local started = job[2] or '?'
      local isOurs = job[1] == workers[i] and find(text, started, 3, true) == 3 and byte(text, 3 + #started) == COLON
      made = isOurs and not job[3] and not job[4] and (started == '1' and 0 or tonumber(job[5] or 0))
    end
    if made then
      attempts[i] = made
      besidesCount = besidesCount + 1
      besides[besidesCount] = key .. ':dependencies'
      if sub(given[FIRST + (i - 1) * FIELDS + 5], 1, 2) == '0:' then
        besides[besidesCount + 1], besides[besidesCount + 2] = key .. ':processed', key .. ':failed'
        besides[besidesCount + 3] = key .. ':unsuccessful'
        besidesCount = besidesCount + 3
      end
    else
      jobKeys[i] = nil
    end
  end
end
local meta = rcall('HMGET', base .. 'meta', 'paused', 'max')
local isFree = not meta[1] and not tonumber(meta[2])
-- The rate is limited now, or one of the tasks has children, or is to leave nothing and had some: this is asked for all at once,
-- and is rare. Those that had some and are kept: includes/children.lua.
if rcall('EXISTS', unpack(besides)) > 0 then
  isFree = isFree and rcall('EXISTS', besides[1]) == 0
  for i = 1, count do
    local key = jobKeys[i]
    if key and rcall('EXISTS', key .. ':dependencies', key .. ':processed', key .. ':failed', key .. ':unsuccessful') > 0 then
      jobKeys[i] = nil
    end
  end
end

-- The outcomes, and which task comes next.
local replies, others = { nil, nil, nil, nil, nil, nil, nil, nil }, {}
local gone, rules = { nil, nil, nil, nil, nil, nil, nil, nil }, {}
local scores = { nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil }
local heads, nextOf = { nil, nil, nil, nil, nil, nil, nil, nil }, { nil, nil, nil, nil, nil, nil, nil, nil }
local nextIds = { nil, nil, nil, nil, nil, nil, nil, nil }
local begun -- batches: by the place of their worker { tag, size }
local limits, hasReleased
local NUMBERS = { '1', '2', '3' } -- Redis formats a number slowly
for i = 1, count do
  local key = jobKeys[i]
  local at = FIRST + (i - 1) * FIELDS
  local id = given[at + 2]
  replies[i] = NOT_PLAIN
  -- The first write of the script: a full Redis allows it, and then all the others.
  if key and rcall('LREM', active, '-1', id) == 1 then
    local worker, made = workers[i], attempts[i]
    local rule, value = given[at + 5], given[at + 6]
    replies[i] = 0
    gone[#gone + 1] = lockKeys[i]
    if sub(rule, 1, 2) == '0:' then
      gone[#gone + 1] = key
      gone[#gone + 1] = key .. ':logs'
    else
      rules[rule] = true
      rcall('HSET', key, 'returnvalue', value, 'finishedOn', timestamp, 'atm', NUMBERS[made + 1] or string.format('%d', made + 1))
      scores[#scores + 1] = timestamp
      scores[#scores + 1] = id
    end
    --- @witness "ended", "id", id, "worker", worker, "attempt", string.match(ARGV[at + 1], '^%d:(%d*)'), "outcome", "completed"
    rcall('XADD', events, '*', 'event', 'completed', 'jobId', id, 'returnvalue', value, 'prev', 'active')
    --- @witness when string.sub(rule, 1, 2) == '0:': "gone", "id", id
    local waitKey = workerBase .. worker .. ':wait'
    local mayTake = standings[i] == given[at + 1] and isFree and (takes == '1' or takes == '2')
    local nextId = mayTake and tryCall('RPOP', waitKey)
    heads[i] = given[at + 3]
    if mayTake and not nextId and takes == '1' then
      -- The usual end of a batch, as includes/release.lua ends it: the tag has one owner, and the look-ahead begins.
      local metaKey = workerBase .. worker .. ':meta'
      limits = limits or tryCall('HMGET', KEYS[3], 'limit', 'limits', 'size')
      local isSole = (not limits[1] or limits[1] == '1') and limits[2] ~= '1'
      local batch = isSole and tryCall('HMGET', metaKey, 'tag', 'batch', 'ntag', 'nbatch', 'nfence', 'leaving', 'state')
      local ended, fence = batch and batch[1], batch and batch[5]
      -- Damage to what this worker has is found before anything is written, and left to its own take.
      local isSound = ended and tonumber(batch[2]) and batch[3] and batch[4] and fence and tonumber(limits[3] or 0)
      if isSound and not batch[6] and tryCall('HGET', base .. 'aff:owners', ended) == worker then
        local tag, size = batch[3], batch[4]
        local list = base .. 'aff:tag:' .. ended
        local hasMore = rcall('EXISTS', list) == 1
        local isPaused = hasMore and rcall('SISMEMBER', base .. 'aff:pausedtags', ended) == 1
        local reason = isPaused and 'paused' or
          (hasMore and tonumber(batch[2] or 0) >= tonumber(limits[3] or 0)) and 'limit' or 'empty'
        rcall('HDEL', base .. 'aff:owners', ended)
        if hasMore and not isPaused and not rcall('ZSCORE', base .. 'aff:parked', ended) then
          --- @bug "a released tag that goes first" rcall('LPUSH', base .. 'aff:ring', ended)
          rcall('RPUSH', base .. 'aff:ring', ended)
        end
        --- @witness "released", "tag", ended, "worker", worker
        rcall('XADD', events, '*', 'event', 'released', 'identifyTag', ended, 'workerId', worker, 'size', batch[2],
          'reason', reason)
        rcall('HDEL', metaKey, 'ntag', 'nbatch', 'nfence')
        rcall('LREM', base .. 'aff:ahead', '0', worker)
        tryCall('RENAME', workerBase .. worker .. ':next', waitKey) -- there may be nothing in it
        --- @witness "begun", "tag", tag, "worker", worker
        rcall('HSET', metaKey, 'tag', tag, 'batch', size, 'fence', fence)
        if batch[7] then
          tryCall('HSET', batch[7], 'workerId', worker, 'status', 'running', 'currentIdentifyTag', tag, 'currentBatchSize', size)
        end
        local short = sub(heads[i], 1, 1)
        if short == '1' then rcall('RPUSH', base .. 'aff:hungry', worker) end
        rcall('XADD', events, '*', 'event', 'bound', 'identifyTag', tag, 'workerId', worker, 'size', size,
          'fencingToken', fence)
        hasReleased = true
        begun = begun or {}
        begun[i], heads[i] = { tag, size }, short .. ':1:1:' .. fence .. ':'
        nextId = tryCall('RPOP', waitKey)
      end
    end
    if type(nextId) == 'string' then
      nextOf[i] = nextId
      nextIds[#nextIds + 1] = nextId
    end
  end
end

-- The next tasks start, those that are as they were added, as includes/start.lua starts them.
local startedIds, isStarted = { nil, nil, nil, nil, nil, nil, nil, nil }, {}
local texts = { nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil }
local startedLocks = { nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil }
local bytes, asked = 0, 0
-- What must not fail between the outcomes and what follows from them is asked in a way that tells errors as what is missing.
local places = #nextIds > 0 and tryCall('ZMSCORE', sequence, unpack(nextIds))
for i = 1, count do
  local head, nextId = heads[i], nextOf[i]
  local at, worker = FIRST + (i - 1) * FIELDS, workers[i]
  if nextId then
    asked = asked + 1
    local nextKey, place = base .. nextId, places[asked]
    local fields = place and not isStarted[nextId] and bytes < MOST_BYTES and tryCall('HLEN', nextKey) == FIELDS_WHEN_ADDED and
      rcall('HMGET', nextKey, 'data', 'name', 'opts', 'timestamp')
    if fields and fields[1] and fields[2] and fields[3] and fields[4] then
      rcall('HSET', nextKey, 'processedOn', timestamp, 'pb', worker, 'ats', '1')
      local text, batch = head .. place .. given[at + 4] .. nextId, begun and begun[i]
      texts[#texts + 1] = worker
      texts[#texts + 1] = text
      --- @witness "taken", "id", nextId, "tag", rcall('HGET', workerBase .. worker .. ':meta', 'tag') or "", "worker", worker, "attempt", "1", "fence", string.match(text, '^%d:1:%d+:(%d+)')
      rcall('XADD', events, '*', 'event', 'active', 'jobId', nextId, 'prev', 'waiting')
      startedIds[#startedIds + 1] = nextId
      startedLocks[#startedLocks + 1] = nextKey .. ':lock'
      startedLocks[#startedLocks + 1] = worker
      isStarted[nextId] = true
      bytes = bytes + #fields[1]
      local reply = { text, fields[1], fields[2], fields[3], fields[4] }
      if batch then reply[6], reply[7], reply[8] = timestamp, batch[1], tonumber(batch[2]) end
      replies[i] = reply
    else
      rcall('RPUSH', workerBase .. worker .. ':wait', nextId)
    end
  end
  if head and replies[i] == 0 then
    local short, taken, fence = string.match(given[at + 3], '^([01]):1:(%d+):(%d*):')
    texts[#texts + 1] = worker
    texts[#texts + 1] = short .. '::' .. string.format('%.0f', taken - 1) .. ':' .. fence .. ':' .. given[at + 4]
    if takes ~= '0' then others[#others + 1] = i end
  end
end
if #gone == 0 then return replies end
rcall('HSET', standingsKey, unpack(texts))
rcall('DEL', unpack(gone))
if #scores > 0 then rcall('ZADD', completedKey, unpack(scores)) end
local due = {}
for rule in pairs(rules) do
  -- A number may be exceeded by a tenth, but not by more than a hundred.
  local most = tonumber(string.match(rule, '^(%d+):$'))
  local isKept = rule == ':' or (most and rcall('ZCARD', completedKey) <= most + math.min(100, math.floor(most / 10)))
  if not isKept then due[#due + 1] = rule end
end
if #startedIds > 0 then
  rcall('ZREM', sequence, unpack(startedIds))
  rcall('LPUSH', active, unpack(startedIds))
  rcall('MSET', unpack(startedLocks))
end

if given[5] == '1' then
  rcall('XTRIM', events, 'MAXLEN', '~', rcall('HGET', base .. 'meta', 'opts.maxLenEvents') or '10000')
end
if hasReleased and rcall('EXISTS', base .. 'aff:ring', base .. 'aff:ahead', base .. 'wait', base .. 'prioritized') > 0 then
  rcall('ZADD', base .. 'marker', 0, '0') -- wakes the leader
end

-- The other ends of batches, a worker that is to be told something else, and what is to be removed.
if #others > 0 or #due > 0 then
--- @include "includes/ledger"
--- @include "includes/take"
--- @include "includes/retain"
  for _, rule in ipairs(due) do retain(rule, timestamp) end
  local takesNow, length = string.match(takes, '^([012]):?([01]?)$')
  for _, i in ipairs(others) do
    local worker = workers[i]
    if length and length ~= '' then noteLength(worker, length) end
    if takesNow and takesNow ~= '0' and bytes < MOST_BYTES then
      -- Damage to one worker's keys is told to that worker, by its own take.
      local isSound, task = pcall(take, worker, worker, timestamp, takesNow == '2')
      if isSound then
        replies[i] = task
        if type(task[1]) == 'string' then
          bytes = bytes + #task[2]
        elseif type(task[1]) == 'table' then
          for _, value in ipairs(task[1]) do bytes = bytes + #value end
        end
      end
    end
  end
--- @end
end
if #startedIds == 0 and rcall('EXISTS', sequence, base .. 'wait', active, base .. 'prioritized') == 0 then
  rcall('XADD', events, '*', 'event', 'drained')
end
return replies
