--[[
  Tells the worker that runs a task to abort it. The worker's meta keeps that in mind for its recovery or retirement: a task
  that was cancelled does not run again.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  task id
  Returns  1 told, 0 no worker runs it
]]
--- @include "includes/cancel"

local id = ARGV[4]
if not isTask(id) then return 0 end
local worker = rcall('HGET', jobKey(id), 'pb')
if not worker then return 0 end
local at, marker = standingOf(worker), workerMeta(worker, 'marker')[1]
if at.id ~= id then return 0 end
goOnWhenFull()
rcall('HSET', workerKey(worker, 'meta'), 'cancelled', attemptName(at.attempt, at.seq, id))
rcall('ZADD', marker, 0, cancelMember(worker, at.attempt, at.seq, id))
return 1
