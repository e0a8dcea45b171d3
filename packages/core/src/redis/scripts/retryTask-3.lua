--[[
  A failed attempt with attempts left, in retry order "block" (and a task that its handler handed back): the task and the
  rest of its batch go back to the head of their tag in the original order, the tag is parked for the back-off, and the
  worker goes on with its look-ahead or is idle. Idempotent per (id, attempt).

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the workerId
  ARGV[4]  attempt
  ARGV[5]  lock token of the attempt, and of the next task
  ARGV[6]  1: take the next task
  ARGV[7]  1: the worker's tasks are short
  ARGV[8]  task id
  ARGV[9]  back-off in ms, 0: none
  ARGV[10] 1: the attempt counts (`atm`)
  ARGV[11] the worker's clock, ms since the epoch
  ARGV[12..] fields to set in the task's hash: names and values by turns
  Returns  0, or the next task (includes/take.lua); FENCED_WORKER, NOT_OWNER, INVALID_ARGUMENT, or a code of BullMQ (-1: the
           task is gone, -3: it is not active)
]]
--- @include "includes/cancel"
--- @include "includes/current"
--- @include "includes/moves"

local attempt, token, id, delay = ARGV[4], ARGV[5], ARGV[8], tonumber(ARGV[9])
if not delay or #ARGV % 2 == 0 then return INVALID_ARGUMENT end

local function giveBack()
  local tag = workerMeta(caller, 'tag')[1]
  rcall('DEL', jobKey(id) .. ':lock')
  rcall('LREM', keys.active, -1, id)
  for i = 12, #ARGV, 2 do rcall('HSET', jobKey(id), ARGV[i], ARGV[i + 1]) end
  local made = ARGV[10] == '1' and rcall('HINCRBY', jobKey(id), 'atm', 1) or rcall('HGET', jobKey(id), 'atm') or 0
  local wasReady = isReady(tag)
  returnToTag(tag, workerKey(caller, 'wait'))
  --- @bug "a retried task that goes to the tail of its tag" rcall('LPUSH', tagKey(tag), id)
  rcall('RPUSH', tagKey(tag), id)
  rcall('ZADD', keys.seq, tonumber(standingOf(caller).seq) or 0, id)
  settle(tag, wasReady)
  emit('waiting', 'jobId', id, 'prev', 'active')
  if heedCancel(caller, attempt, id) then delay = 0 end
  if ARGV[10] == '1' then emit('retried', 'jobId', id, 'attemptsMade', made, 'delay', string.format('%.0f', delay)) end
  --- @witness "ended", "id", id, "worker", caller, "attempt", attempt, "outcome", ARGV[10] == "1" and "retried" or "given-back"
  forgetCurrent(caller, id, attempt)
  noteLength(caller, ARGV[7])
  release(caller, 'retry', delay > 0 and (nowMs() + delay) or nil)
end

local state = attemptState(caller, id, attempt)
if type(state) == 'number' then return state end
if state == 'current' then
  local code = (not isTask(id) and -1) or (not (isInAttempt(caller, id, attempt) and rcall('LPOS', keys.active, id)) and -3) or 0
  if code < 0 then
    forgetLost(caller, id, attempt, code)
    return code
  end
  giveBack()
end
if ARGV[6] == '1' then return take(caller, token, ARGV[11]) end
return 0
