--[[
  Records the completions of tasks of several workers of an instance in one step, and takes the next task of each. Only for
  plain tasks: one that has a parent, children or a deduplication id, or that is not as the worker took it, is left to
  commitTask, which runs BullMQ's own script. Idempotent per (id, attempt). Reads and validates everything first; a task that
  is refused, or is not plain, does not touch the others. Bounded by the number of workers, and by what retention may remove.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the nodeId
  ARGV[4]   the instance's clock, ms since the epoch
  ARGV[5..] per task eight arguments: workerId, task id, attempt, 1: take the next task (2: and hold the batch), 1: the
            worker's tasks are short, how many completed tasks to keep ("": all), for how long (s, "": for ever), result (JSON)
  Returns   per task: 0, the next task (includes/take.lua), FENCED_WORKER, NOT_OWNER, or NOT_PLAIN; INVALID_ARGUMENT for
            all of them
]]
--- @include "includes/ledger"
--- @include "includes/take"
--- @include "includes/retain"

local FIELDS = 8
local timestamp, count = ARGV[4], (#ARGV - 4) / FIELDS
if count < 1 or count % 1 ~= 0 or not tonumber(timestamp) then return INVALID_ARGUMENT end

local commits, seen = {}, {}

local function readCommit(at)
  return {
    workerId = ARGV[at], id = ARGV[at + 1], attempt = ARGV[at + 2], takes = ARGV[at + 3], short = ARGV[at + 4],
    keepCount = ARGV[at + 5], keepAge = ARGV[at + 6], value = ARGV[at + 7], key = jobKey(ARGV[at + 1]),
  }
end

-- BullMQ's own script has more to do for a task with a parent or a deduplication id; and it knows what to say about one that
-- is gone, or was started by somebody else.
local function isPlain(commit)
  local job = redis.pcall('HMGET', commit.key, 'ats', 'parentKey', 'deid', 'atm')
  if job.err or job[1] ~= commit.attempt or job[2] or job[3] then return false end
  commit.made = tonumber(job[4] or 0)
  return commit.made ~= nil
end

local function validate(commit, entry)
  if not entry then return FENCED_WORKER end
  -- A worker has one outcome to tell at a time.
  if seen[commit.workerId] then return NOT_OWNER end
  seen[commit.workerId] = true
  local worker = readWorker(commit.workerId)
  commit.worker = worker
  local state = compareAttempt(worker.cur, worker.att, worker.last, commit.id, commit.attempt)
  if state == 'current' and not isPlain(commit) then return NOT_PLAIN end
  return state
end

-- Whether one of them has children, or had some.
local function haveChildren(list)
  local childKeys = {}
  for _, commit in ipairs(list) do
    appendChildKeys(childKeys, commit.key)
  end
  return rcall('EXISTS', unpack(childKeys)) > 0
end

local function readAll()
  local workers = {}
  for at = 5, #ARGV, FIELDS do
    commits[#commits + 1] = readCommit(at)
    workers[#workers + 1] = ARGV[at]
  end
  local current = {}
  local entries = rcall('HMGET', registryKey, unpack(workers))
  for i, commit in ipairs(commits) do
    commit.state = validate(commit, entries[i])
    if commit.state == 'current' then current[#current + 1] = commit end
  end
  if #current == 0 or not haveChildren(current) then return current end
  local childless = {}
  for _, commit in ipairs(current) do
    if haveChildren({ commit }) then commit.state = NOT_PLAIN else childless[#childless + 1] = commit end
  end
  return childless
end

-- What BullMQ does at a completion, for all of them.
local function complete(current)
  local gone, scores, completed = {}, {}, {}
  for _, commit in ipairs(current) do
    local id, key = commit.id, commit.key
    if rcall('LREM', keys.active, -1, id) == 0 then
      commit.state = NOT_PLAIN
    else
      completed[#completed + 1] = commit
      gone[#gone + 1] = key .. ':lock'
      if commit.keepCount == '0' then
        appendTaskKeys(gone, key)
      else
        rcall('HSET', key, 'returnvalue', commit.value, 'finishedOn', timestamp, 'atm', asText(commit.made + 1))
        scores[#scores + 1] = timestamp
        scores[#scores + 1] = id
      end
      --- @witness "ended", "id", id, "worker", commit.workerId, "attempt", commit.attempt, "outcome", "completed"
      emit('completed', 'jobId', id, 'returnvalue', commit.value, 'prev', 'active')
      --- @witness when commit.keepCount == "0": "gone", "id", id
      commit.worker.cur, commit.worker.last = false, id .. ':' .. commit.attempt
    end
  end
  if #gone > 0 then rcall('DEL', unpack(gone)) end
  if #scores > 0 then rcall('ZADD', completedKey, unpack(scores)) end
  return completed
end

local function takeFor(commit)
  local worker = commit.worker
  if commit.state == 'current' then noteLength(worker.id, commit.short, worker.short) end
  worker.holds = commit.takes == '2'
  -- Said again: the reply was lost. What it had taken is given again; the worker asks for another one by itself.
  if commit.takes == '0' or (commit.state == 'committed' and not worker.cur) then return 0 end
  return worker.cur and takeAgain(worker, worker.id) or takeNext(worker, worker.id, timestamp)
end

-- What a worker is told: its next task, or 0. The end of its attempt is written with the start of the next one, or by itself.
-- Damage to one worker's keys is told to that worker, by its own take.
local function goOn(commit)
  local isSound, task = pcall(takeFor, commit)
  if commit.state == 'current' and not commit.worker.cur then forgetCurrent(commit.workerId, commit.id, commit.attempt) end
  return isSound and task or 0
end

local current = readAll()
goOnWhenFull()
current = complete(current)
retain(current, timestamp)
local replies = {}
for i, commit in ipairs(commits) do
  replies[i] = type(commit.state) == 'number' and commit.state or goOn(commit)
end
writeStarted()
if #current > 0 and rcall('EXISTS', keys.seq, keys.wait, keys.active, keys.prioritized) == 0 then emit('drained') end
return replies
