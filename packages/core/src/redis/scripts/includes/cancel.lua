--- @include "includes/workers"
--[[
  Cancelling the attempt that a worker runs.
]]
-- What tells a worker through its marker to abort one attempt.
local function cancelMember(worker, attempt, seq, id) return 'cancel:' .. worker .. ':' .. attempt .. ':' .. seq .. ':' .. id end

-- An id can be added again when its task is gone, and its attempts are counted from 1 again; its place in the order is new.
local function attemptName(attempt, seq, id) return attempt .. ':' .. seq .. ':' .. id end

-- An attempt that was cancelled and ends without the word of its handler: the next worker that takes the task fails it.
local function heedCancel(worker, attempt, id)
  local cancelled = workerMeta(worker, 'cancelled')[1]
  if not cancelled or cancelled ~= attemptName(attempt, standingOf(worker).seq, id) then return false end
  rcall('HSET', jobKey(id), 'defa', "Task '" .. id .. "' was cancelled")
  return true
end
