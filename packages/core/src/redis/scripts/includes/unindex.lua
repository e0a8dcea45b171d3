--- @include "includes/batches"
--[[
  Forgets a task that is indexed or dispatched but not taken: its tag's list, or the batch or look-ahead it is in. The caller
  has read the tag before it deleted the task's hash. A tag that has no more tasks waits out no back-off. Returns true if the
  task was there.
]]
local function unindex(id, tag)
  if not rcall('ZSCORE', keys.seq, id) then return false end
  rcall('ZREM', keys.seq, id)
  local wasReady = isReady(tag)
  if rcall('LREM', tagKey(tag), -1, id) == 1 then
    if rcall('EXISTS', tagKey(tag)) == 0 then rcall('ZREM', keys.parked, tag) end
    settle(tag, wasReady)
    return true
  end
  for _, worker in ipairs(ownersOf(tag)) do
    if rcall('LREM', workerKey(worker, 'wait'), 1, id) == 1 then return true end
    local nextKey = workerKey(worker, 'next')
    if rcall('LREM', nextKey, 1, id) == 1 then
      if rcall('EXISTS', nextKey) == 0 then dropAhead(worker) end
      return true
    end
  end
  return true
end
