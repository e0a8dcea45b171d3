--- @include "includes/workers"
--[[
  Cancelling the attempt that a worker runs.
]]
-- What tells a worker through its marker to abort one attempt.
local function cancelMember(worker, attempt, id) return 'cancel:' .. worker .. ':' .. attempt .. ':' .. id end

-- An attempt that was cancelled and ends without the word of its handler: the next worker that takes the task fails it.
local function heedCancel(worker, attempt, id)
  if workerMeta(worker, 'cancelled')[1] ~= attempt .. ':' .. id then return false end
  rcall('HSET', jobKey(id), 'defa', "Task '" .. id .. "' was cancelled")
  return true
end
