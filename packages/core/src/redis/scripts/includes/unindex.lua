--- @include "includes/batches"
--[[
  Forgets a task that is indexed or dispatched but not taken: its tag's list, or the batch or look-ahead it is in. The caller
  has read the tag before it deleted the task's hash. A back-off ends with the task at the head of the tag, which the others
  wait for.
]]
local function unindex(id, tag)
  --- @witness "gone", "id", id
  rcall('ZREM', keys.seq, id)
  local wasReady = isReady(tag)
  local isHead = rcall('LINDEX', tagKey(tag), -1) == id
  if rcall('LREM', tagKey(tag), -1, id) == 1 then
    if isHead then rcall('ZREM', keys.parked, tag) end
    --- @witness when isHead: "unparked", "tag", tag
    if settle(tag, wasReady) and not wasReady then wakeLeader() end
    return
  end
  for _, worker in ipairs(ownersOf(tag)) do
    if rcall('LREM', workerKey(worker, 'wait'), 1, id) == 1 then return end
    local nextKey = workerKey(worker, 'next')
    if rcall('LREM', nextKey, 1, id) == 1 then
      if rcall('EXISTS', nextKey) == 0 then dropAhead(worker) end
      return
    end
  end
end
