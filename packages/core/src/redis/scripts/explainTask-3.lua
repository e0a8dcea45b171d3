--[[
  Where a task is and what it waits for, at one moment. Reads only, and a bounded part of every list.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  task id
  ARGV[5]  how far to look for its place in a list
  ARGV[6]  longest data to read for its tag, in bytes
  ARGV[7]  longest text to return of a reason, in bytes
  Returns  { names and values, in turn; per owner of its tag, at most 100: { worker, tag of its batch, tasks in it, taken, tag
           of its look-ahead, current task, waiting in its batch } }
           Without a task there is nothing but "place": "none". Places: completed, failed, delayed, waiting-children, running,
           dispatched (in a batch), ahead (in a look-ahead), indexed (in its tag), added (not taken in), prioritized (the
           same), active (held by no worker of ours), lost (in none)
]]
--- @include "includes/batches"
--- @include "includes/taskTag"

local id, reach, maxDataBytes, maxText = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local MAX_OWNERS = 100
local fields = {}
local function put(name, value)
  if value then fields[#fields + 1] = name; fields[#fields + 1] = tostring(value) end
end
local function putText(name, text) if text then put(name, string.sub(text, 1, maxText)) end end
local function whole(number) return number and string.format('%.0f', number) end

if not isTask(id) then return { { 'place', 'none' }, {} } end

local tag = tagWithin(id, maxDataBytes)
local deferred = rcall('HGET', jobKey(id), 'defa')
if deferred and string.sub(deferred, 1, #MALFORMED) == MALFORMED then tag = nil end
local indexTag = tag or MALFORMED_TAG

local owners, seen = {}, {}
for _, worker in ipairs(ownersOf(indexTag)) do
  if not seen[worker] and #owners < MAX_OWNERS then
    local meta = workerMeta(worker, 'tag', 'batch', 'fence', 'ntag')
    local at = standingOf(worker)
    local row = { worker, meta[1] or '', meta[2] or '', tostring(takenOf(at, meta[3])), meta[4] or '', at.id or '' }
    row[7] = rcall('LLEN', workerKey(worker, 'wait'))
    owners[#owners + 1] = row
  end
  seen[worker] = true
end

-- 1 for the next one to run; 0 where it is further away than we look; nil where it is not there.
local function positionIn(list)
  local position = rcall('LPOS', list, id, 'RANK', -1, 'MAXLEN', reach)
  if position then return rcall('LLEN', list) - position end
  return nil
end

local function placeAtWorker(worker)
  if standingOf(worker).id == id then return 'running' end
  local position = positionIn(workerKey(worker, 'wait'))
  if position then return 'dispatched', position end
  position = positionIn(workerKey(worker, 'next'))
  if position then return 'ahead', position end
  return nil
end

local function place()
  for _, set in ipairs({ 'completed', 'failed', 'delayed', 'waiting-children', 'prioritized' }) do
    local score = rcall('ZSCORE', base .. set, id)
    if score then
      put('score', whole(tonumber(score)))
      return set
    end
  end
  for _, row in ipairs(owners) do
    local found, position = placeAtWorker(row[1])
    if found then
      put('worker', row[1])
      return found, position
    end
  end
  if rcall('EXISTS', jobKey(id) .. ':lock') == 1 then return 'active' end
  local position = positionIn(tagKey(indexTag))
  if position then return 'indexed', position end
  position = positionIn(keys.wait)
  if position then return 'added', position end
  -- Beyond our reach in one of the two lists, or in none: a list that is shorter has been searched to its end.
  if rcall('LLEN', tagKey(indexTag)) > reach then return 'indexed', 0 end
  if rcall('LLEN', keys.wait) > reach then return 'added', 0 end
  return 'lost'
end

local found, position = place()
put('place', found)
put('position', position)
put('tag', tag)
local job = rcall('HMGET', jobKey(id), 'name', 'atm', 'ats', 'timestamp', 'processedOn', 'finishedOn')
for i, name in ipairs({ 'name', 'made', 'started', 'timestamp', 'processedOn', 'finishedOn' }) do put(name, job[i]) end
putText('failedReason', rcall('HGET', jobKey(id), 'failedReason'))
putText('deferred', deferred)
putText('schedule', rcall('HGET', jobKey(id), 'rjk'))
put('parkedUntil', whole(tonumber(rcall('ZSCORE', keys.parked, indexTag))))
put('tagPaused', rcall('SISMEMBER', keys.pausedTags, indexTag))
put('queuePaused', rcall('HEXISTS', keys.meta, 'paused'))
put('lock', rcall('GET', lockKey))
put('tagLength', rcall('LLEN', tagKey(indexTag)))
put('limit', limitOf(indexTag))
put('workers', rcall('HLEN', registryKey))
put('idle', rcall('LLEN', keys.idle))
local ringPosition = rcall('LPOS', keys.ring, indexTag, 'MAXLEN', reach)
put('tagsBefore', ringPosition or (rcall('LLEN', keys.ring) > reach and reach) or nil)
local settings = rcall('HMGET', keys.meta, 'concurrency', 'max')
put('concurrency', settings[1])
local starts = tonumber(rcall('GET', keys.limiter) or 0)
-- A limit that is set by hand writes a count that no number of starts reaches.
if starts >= tonumber(settings[2] or 9007199254740991) then put('limitedMs', rcall('PTTL', keys.limiter)) end
put('children', rcall('SCARD', jobKey(id) .. ':dependencies'))
put('now', whole(nowMs()))
return { fields, owners }
