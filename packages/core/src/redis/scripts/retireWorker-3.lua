--[[
  A worker leaves on purpose: what it holds goes back to the heads of the tags in order, and its keys are removed.
  Idempotent: a worker that has retired, or was declared dead, has nothing to give back.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the workerId
  Returns  how many tasks went back
]]
--- @include "includes/fence"
--- @include "includes/dissolve"

-- A worker whose registration was lost, but not its queue, gives back what it holds too.
if not isRegistered(caller) and workerMeta(caller, 'queue')[1] ~= base then
  rcall('HDEL', keys.standings, caller)
  return 0
end
return dissolve(caller, false)
