--[[
  Records the completions of tasks of several workers of an instance in one step, and takes the next task of each. Only what is
  usual: a plain task that is exactly as its worker took it. Any other one is left to commitTask, which knows every case: a
  completion that is sent again, a worker that was declared dead, a task with a parent, children or a deduplication id.
  Reads and validates everything first; a task that is left out does not touch the others. Bounded by the number of workers,
  and by what retention may remove.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the nodeId
  ARGV[4]   the instance's clock, ms since the epoch
  ARGV[5..] per task six arguments: workerId, the worker's standing as it was told (includes/standing.lua), 1: take the next
            task (2: and hold the batch), 1: the worker's tasks are short, which completed tasks to keep ("<number>:<seconds>", each "" for all),
            result (JSON)
  Returns   per task: the next task (includes/take.lua), 0, or NOT_PLAIN: nothing was recorded; INVALID_ARGUMENT for all
]]
local rcall = redis.call
local base, workerBase, timestamp = ARGV[1], ARGV[2], ARGV[4]
local active, events, sequence, completedKey = base .. 'active', base .. 'events', base .. 'aff:seq', base .. 'completed'
local INVALID_ARGUMENT, NOT_PLAIN = -106, -109

local FIRST, FIELDS = 5, 6
local count = (#ARGV + 1 - FIRST) / FIELDS
if count < 1 or count % 1 ~= 0 or not tonumber(timestamp) then return INVALID_ARGUMENT end

--[[
  Completions that go on within their batch are done in one piece, without functions: in Redis they are made anew for every
  call. For the same reason strings are put together only where they are needed; each costs about as much as the half of a
  small command.
]]
local commits, childKeys, seen = {}, {}, {}
for i = 1, count do
  local at = FIRST + (i - 1) * FIELDS
  local worker, text = ARGV[at], ARGV[at + 1]
  local short, attempt, taken, fence, length, from = string.match(text, '^([01]):(%d+):(%d+):(%d+):[^:]*:(%d+):()')
  local metaKey = workerBase .. worker .. ':meta'
  local standing = short and rcall('HGET', metaKey, 'cur')
  local isSame = standing == text
  -- A worker has one outcome to tell at a time. The standing of one that was declared dead is gone.
  --- @bug "an outcome without asking who runs the task" if short and not seen[worker] then
  if short and not seen[worker] and (isSame or standing == '~' .. text) then
    seen[worker] = true
    local id = string.sub(text, from, from + length - 1)
    local key = base .. id
    local job = redis.pcall('HMGET', key, 'ats', 'atm', 'parentKey', 'deid', 'pb')
    -- Who has started it: an id can be removed under its worker, and added again.
    local made = job[1] == attempt and job[5] == worker and not job[3] and not job[4] and tonumber(job[2] or 0)
    if made then
      commits[i] = { worker, metaKey, id, key, attempt, made, short, taken, fence, isSame }
      childKeys[#childKeys + 1] = key .. ':dependencies'
      childKeys[#childKeys + 1] = key .. ':processed'
      childKeys[#childKeys + 1] = key .. ':failed'
      childKeys[#childKeys + 1] = key .. ':unsuccessful'
    end
  end
end
-- One of them has children, or had some.
if #childKeys > 0 and rcall('EXISTS', unpack(childKeys)) > 0 then
  for i = 1, count do
    local key = commits[i] and commits[i][4]
    if key and rcall('EXISTS', key .. ':dependencies', key .. ':processed', key .. ':failed', key .. ':unsuccessful') > 0 then
      commits[i] = nil
    end
  end
end

local meta = rcall('HMGET', base .. 'meta', 'paused', 'max', 'opts.maxLenEvents')
local isFree = not meta[1] and not tonumber(meta[2]) and rcall('EXISTS', base .. 'limiter') == 0
local replies, others = {}, {}
local gone, scores, rules, due = {}, {}, {}, {}
local startedIds, startedLocks, isStarted = {}, {}, {}
local isTrimDue
local NUMBERS = { '1', '2', '3' } -- Redis formats a number slowly
for i = 1, count do
  local commit, reply = commits[i], NOT_PLAIN
  -- The first write of the script: a full Redis allows it, and then all the others.
  if commit and rcall('LREM', active, -1, commit[3]) == 1 then
    local at = FIRST + (i - 1) * FIELDS
    local worker, metaKey, id, key, attempt, made, short, taken, fence, isSame = unpack(commit)
    local rule, value = ARGV[at + 4], ARGV[at + 5]
    gone[#gone + 1] = key .. ':lock'
    if string.sub(rule, 1, 2) == '0:' then
      gone[#gone + 1] = key
      gone[#gone + 1] = key .. ':logs'
    else
      rules[rule] = true
      rcall('HSET', key, 'returnvalue', value, 'finishedOn', timestamp, 'atm', NUMBERS[made + 1] or string.format('%d', made + 1))
      scores[#scores + 1] = timestamp
      scores[#scores + 1] = id
    end
    --- @witness "ended", "id", id, "worker", worker, "attempt", attempt, "outcome", "completed"
    rcall('XADD', events, '*', 'event', 'completed', 'jobId', id, 'returnvalue', value, 'prev', 'active')
    --- @witness when string.sub(rule, 1, 2) == '0:': "gone", "id", id
    -- The stream is trimmed at the end of a batch, and every hundred tasks of a long one.
    if string.sub(taken, -2) == '00' then isTrimDue = true end
    reply = nil
    local last, waitKey = id .. ':' .. attempt, workerBase .. worker .. ':wait'
    local mayTake = isSame and isFree and ARGV[at + 2] ~= '0' and ARGV[at + 3] == short
    local nextId = mayTake and redis.pcall('RPOP', waitKey)
    if type(nextId) == 'string' then
      local nextKey, seq = base .. nextId, rcall('ZSCORE', sequence, nextId)
      -- As it was added, and as includes/start.lua starts it.
      local fields = seq and not isStarted[nextId] and redis.pcall('HLEN', nextKey) == 6 and
        rcall('HMGET', nextKey, 'data', 'name', 'opts', 'timestamp', 'delay', 'priority')
      if fields and fields[1] and fields[2] and fields[3] and fields[4] and fields[5] == '0' and fields[6] == '0' then
        rcall('HSET', nextKey, 'processedOn', timestamp, 'pb', worker, 'ats', '1')
        local text = short .. ':1:' .. taken + 1 .. ':' .. fence .. ':' .. seq .. ':' .. #nextId .. ':' .. nextId .. ' ' .. last
        rcall('HSET', metaKey, 'cur', text)
        --- @witness "taken", "id", nextId, "tag", rcall('HGET', metaKey, 'tag') or "", "worker", worker, "attempt", "1", "fence", fence
        rcall('XADD', events, '*', 'event', 'active', 'jobId', nextId, 'prev', 'waiting')
        startedIds[#startedIds + 1] = nextId
        startedLocks[#startedLocks + 1] = nextKey .. ':lock'
        startedLocks[#startedLocks + 1] = worker
        isStarted[nextId] = true
        reply = { text, fields[1], fields[2], fields[3], fields[4], timestamp }
      else
        rcall('RPUSH', waitKey, nextId)
      end
    end
    if not reply then
      rcall('HSET', metaKey, 'cur', ARGV[at + 3] .. '::' .. taken .. ':' .. fence .. '::0: ' .. last)
      if ARGV[at + 2] ~= '0' or ARGV[at + 3] ~= short then others[#others + 1] = i end
      reply = 0
    end
  end
  replies[i] = reply
end
if #gone == 0 then return replies end
rcall('DEL', unpack(gone))
if #scores > 0 then rcall('ZADD', completedKey, unpack(scores)) end
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

-- The end of a batch, a worker that is to be told something else, and what is to be removed.
if #others > 0 or #due > 0 or isTrimDue then
--- @include "includes/ledger"
--- @include "includes/take"
--- @include "includes/retain"
  rcall('XTRIM', events, 'MAXLEN', '~', meta[3] or '10000')
  for _, rule in ipairs(due) do retain(rule, timestamp) end
  for _, i in ipairs(others) do
    local at = FIRST + (i - 1) * FIELDS
    noteLength(ARGV[at], ARGV[at + 3])
    if ARGV[at + 2] ~= '0' then
      -- Damage to one worker's keys is told to that worker, by its own take.
      local isSound, task = pcall(take, ARGV[at], ARGV[at], timestamp, ARGV[at + 2] == '2')
      if isSound then replies[i] = task end
    end
  end
--- @end
end
if rcall('EXISTS', sequence, base .. 'wait', active, base .. 'prioritized') == 0 then
  rcall('XADD', events, '*', 'event', 'drained')
end
return replies
