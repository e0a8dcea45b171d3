--- @include "includes/layout"
--[[
  What every script knows of a worker: its meta hash, and how to wake it.
]]
local function workerMeta(worker, ...)
  return rcall('HMGET', workerKey(worker, 'meta'), ...)
end

local function wakeWorker(worker)
  local marker = workerMeta(worker, 'marker')[1]
  if marker then rcall('ZADD', marker, 0, worker) end
end

-- Wakes every worker that holds a batch.
local function wakeBound()
  for _, worker in ipairs(rcall('HKEYS', registryKey)) do
    if workerMeta(worker, 'tag')[1] then wakeWorker(worker) end
  end
end
