--[[
  A worker that is about to retire and still runs a task: it gets no new batch, and its look-ahead goes back at once instead
  of waiting for that task.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the workerId
  Returns  1, or FENCED_WORKER
]]
--- @include "includes/fence"
--- @include "includes/batches"

if not isRegistered(caller) then return FENCED_WORKER end
rcall('LREM', keys.idle, 0, caller)
rcall('LREM', keys.hungry, 0, caller)
rcall('HSET', workerKey(caller, 'meta'), 'short', '0')
if dropAhead(caller, 'head') then wakeLeader() end
return 1
