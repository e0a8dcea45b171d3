--- @include "includes/events"
--- @include "includes/workers"
--[[
  A worker starts a task. A worker here is a table: id, at (its standing), and of its batch tag, fence and size
  (batch).
]]
-- Redis formats a number that is an argument as if it had a fraction, slowly.
local SMALL = { '1', '2', '3', '4', '5', '6', '7', '8', '9', '10' }

local function asText(number) return SMALL[number] or string.format('%.0f', number) end

-- A task that has as many fields as one has that was just added: name, data, opts, timestamp, delay and priority; BullMQ writes
-- the last two for every job. Most tasks are such, and then the first four are enough: nothing here needs the others.
local FIELDS_WHEN_ADDED = 6

local function plainFields(id)
  if redis.pcall('HLEN', jobKey(id)) ~= FIELDS_WHEN_ADDED then return nil end
  local fields = rcall('HMGET', jobKey(id), 'data', 'name', 'opts', 'timestamp')
  if fields[1] and fields[2] and fields[3] and fields[4] then return fields end
  return nil
end

local isUnlimited

-- Anybody may write the limit; what is no number is none.
local function isLimited()
  if isUnlimited == nil then isUnlimited = not (tonumber(queueSettings()[3]) or rcall('GET', keys.limiter)) end
  return not isUnlimited
end

-- What this script has started, until `writeStarted` writes it. Locks have no expiry: what keeps a task is the lease of its
-- worker, and every way out of `active` deletes its lock.
local startedIds, startedLocks, isStarted = {}, {}, {}

local function writeStarted()
  if #startedIds == 0 then return end
  rcall('ZREM', keys.seq, unpack(startedIds))
  rcall('LPUSH', keys.active, unpack(startedIds))
  rcall('MSET', unpack(startedLocks))
  startedIds, startedLocks = {}, {}
end

-- Returns the worker's standing. Every script of ours that records an outcome and starts a task writes both at once.
local function begin(worker, id, seq, attempt, token, timestamp)
  local key, at = jobKey(id), worker.at
  rcall('HSET', key, 'processedOn', timestamp, 'pb', worker.id, 'ats', attempt)
  local text = standingText(at.short, attempt, takenOf(at, worker.fence) + 1, worker.fence, seq, id, at.last)
  writeStanding(worker.id, text)
  --- @witness "taken", "id", id, "tag", workerMeta(worker.id, 'tag')[1] or "", "worker", worker.id, "attempt", attempt, "fence", worker.fence
  emit('active', 'jobId', id, 'prev', 'waiting')
  startedIds[#startedIds + 1] = id
  startedLocks[#startedLocks + 1] = key .. ':lock'
  startedLocks[#startedLocks + 1] = token
  isStarted[id] = true
  return text
end

-- Starts a task as it was added; returns what the worker is told.
local function startPlain(worker, id, seq, fields, token, timestamp)
  local text = begin(worker, id, seq, '1', token, timestamp)
  return { text, fields[1], fields[2], fields[3], fields[4], timestamp, worker.tag or '', tonumber(worker.batch or 0) }
end
