--[[
  The last resort for a task whose outcome no script of BullMQ can record, because it fails on what the task's hash holds:
  the task fails for good, counts its attempt, frees its deduplication id and is removed at once if it says so
  (`removeOnFail`); a number to keep is left to the next task that fails. Its parent is not told. Idempotent per
  (id, attempt).

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the workerId
  ARGV[4]  attempt
  ARGV[5]  lock token for the next task
  ARGV[6]  1: take the next task
  ARGV[7]  1: the worker's tasks are short
  ARGV[8]  task id
  ARGV[9]  why it fails
  ARGV[10] the worker's clock, ms since the epoch
  Returns  0, or the next task (includes/take.lua); FENCED_WORKER or NOT_OWNER
]]
--- @include "includes/current"

-- Whatever the hash holds may be what the scripts of BullMQ failed on: nothing of it is trusted here.
local function isToBeRemoved(id)
  local ok, opts = pcall(cjson.decode, rcall('HGET', jobKey(id), 'opts') or '')
  local keep = ok and type(opts) == 'table' and opts.removeOnFail
  if type(keep) == 'table' then keep = keep.count end
  return keep == true or keep == 0
end

-- As BullMQ does when a task has finished: an id with a time limit stays for as long as that lasts.
local function freeDeduplicationId(id)
  local deduplicationId = rcall('HGET', jobKey(id), 'deid')
  if not deduplicationId then return end
  local key = base .. 'de:' .. deduplicationId
  if rcall('PTTL', key) == -1 and redis.pcall('GET', key) == id then rcall('DEL', key) end
end

local attempt, id, timestamp = ARGV[4], ARGV[8], ARGV[10]
local state = attemptState(caller, id, attempt)
if type(state) == 'number' then return state end
goOnWhenFull()
if state == 'current' then
  rcall('LREM', keys.active, -1, id)
  rcall('DEL', jobKey(id) .. ':lock')
  if isTask(id) then
    rcall('HSET', jobKey(id), 'failedReason', ARGV[9], 'finishedOn', timestamp)
    rcall('HDEL', jobKey(id), 'defa')
    redis.pcall('HINCRBY', jobKey(id), 'atm', 1)
    freeDeduplicationId(id)
    if isToBeRemoved(id) then
      for _, suffix in ipairs({ '', ':logs', ':dependencies', ':processed', ':failed', ':unsuccessful' }) do
        rcall('DEL', jobKey(id) .. suffix)
      end
    else
      rcall('ZADD', base .. 'failed', timestamp, id)
    end
    emit('failed', 'jobId', id, 'failedReason', ARGV[9], 'prev', 'active')
  end
  --- @witness "ended", "id", id, "worker", caller, "attempt", attempt, "outcome", "failed"
  forgetCurrent(caller, id, attempt)
  noteLength(caller, ARGV[7])
end
if ARGV[6] == '1' then return take(caller, ARGV[5], timestamp) end
return 0
