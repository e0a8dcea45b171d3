--- @include "includes/standing"
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

-- Whether a worker has started the task that has this id now: an id can be removed under its worker, and added again.
local function isStartedBy(worker, id) return redis.pcall('HGET', jobKey(id), 'pb') == worker end

local function standingOf(worker) return readStanding(standingTextOf(worker)) end

-- The worker has no current task any more; it committed `id` last.
local function forgetCurrent(worker, id, attempt)
  local at = standingOf(worker)
  local text = standingText(at.short, '', at.done, at.fence, '', '', id .. ':' .. attempt)
  writeStanding(worker, text)
end

-- The instance does not know what has just changed: it is told with the next task.
local function markChanged(worker)
  local text = standingTextOf(worker)
  if text and string.sub(text, 1, 1) ~= '~' then writeStanding(worker, '~' .. text) end
end
