--[[
  A worker that is about to retire and still runs a task: it gets nothing new from now on, and its look-ahead and the rest
  of its batch go back at once instead of waiting for that task.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the workerId
  Returns  1, or FENCED_WORKER
]]
--- @include "includes/fence"
--- @include "includes/batches"

--- @bug "a worker that was declared dead leaves"
if not isRegistered(caller) then return FENCED_WORKER end
rcall('LREM', keys.idle, 0, caller)
rcall('LREM', keys.hungry, 0, caller)
rcall('HSET', workerKey(caller, 'meta'), 'leaving', '1')
markChanged(caller)
dropAhead(caller, 'head')
local tag = workerMeta(caller, 'tag')[1]
if tag then
  local wasReady = isReady(tag)
  returnToTag(tag, workerKey(caller, 'wait'))
  settle(tag, wasReady, 'head')
end
--- @witness "leaving", "worker", caller
if rcall('EXISTS', keys.ring) == 1 then wakeLeader() end
return 1
