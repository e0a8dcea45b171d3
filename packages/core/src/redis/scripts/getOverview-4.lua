--[[
  What there is of leader, workers and tags at one moment, for people to look at. Reads only, and a bounded number of each:
  of the tags those that workers hold, and of each other kind those that come first.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  KEYS[4]  leader info (JSON)
  ARGV[4]  how many workers to look at
  ARGV[5]  how many tags of each kind (ready, parked, paused) to look at
  ARGV[6]  how many bytes of the type of a task
  Returns  { ms of Redis' clock, lock value or "", PTTL of the lock (-2: none, -1: no expiry), leader info or "",
             { tags that are ready, parked, paused }, workers, tags }
           a worker: { id, registry entry, heartbeat counter, tag (nil: idle), size of its batch, started of it, running task
           (nil: none), its attempt, its type, when it began, tag of the look-ahead (nil: none), size of it, leaving (0 | 1) }
           a tag: { tag, waiting, when its next task was added in ms (nil: none waits), owners or "", end of its back-off in ms
           (nil: not parked), paused (0 | 1) }
]]
--- @include "includes/workers"

local maxWorkers, maxTags, maxTypeBytes = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

-- Of the tasks that workers hold and have not taken, by tag.
local held, nextHeld, tags, listed = {}, {}, {}, {}

local function list(tag)
  if listed[tag] then return end
  listed[tag] = true
  tags[#tags + 1] = tag
end

local function noteHeld(tag, ids)
  if not tag then return end
  list(tag)
  held[tag] = (held[tag] or 0) + rcall('LLEN', ids)
  nextHeld[tag] = nextHeld[tag] or rcall('LINDEX', ids, -1)
end

local function describeWorker(worker)
  local tag, batch, fence, ntag, nbatch, leaving =
    unpack(workerMeta(worker, 'tag', 'batch', 'fence', 'ntag', 'nbatch', 'leaving'))
  local at = standingOf(worker)
  local task = at.id
  noteHeld(tag, workerKey(worker, 'wait'))
  noteHeld(ntag, workerKey(worker, 'next'))
  local about = task and rcall('HMGET', jobKey(task), 'name', 'processedOn') or {}
  return {
    worker, rcall('HGET', registryKey, worker) or '', rcall('HGET', keys.beats, worker) or '0', tag, batch or '0',
    tostring(takenOf(at, fence)), task, at.id and at.attempt or '0', string.sub(about[1] or '', 1, maxTypeBytes), about[2] or '0', ntag, nbatch or '0',
    leaving and 1 or 0,
  }
end

local function describeTag(tag)
  local indexed = rcall('LLEN', tagKey(tag))
  local oldest = nextHeld[tag] or rcall('LINDEX', tagKey(tag), -1)
  return {
    tag, indexed + (held[tag] or 0), oldest and rcall('HGET', jobKey(oldest), 'timestamp'),
    rcall('HGET', keys.owners, tag) or '', rcall('ZSCORE', keys.parked, tag), rcall('SISMEMBER', keys.pausedTags, tag),
  }
end

local function listAll(found)
  for i = 1, math.min(#found, maxTags) do list(found[i]) end
end

local ids = rcall('HKEYS', registryKey)
table.sort(ids)
local workers = {}
for i = 1, math.min(#ids, maxWorkers) do workers[i] = describeWorker(ids[i]) end
listAll(rcall('LRANGE', keys.ring, 0, maxTags - 1))
listAll(rcall('ZRANGE', keys.parked, 0, maxTags - 1))
listAll(rcall('SSCAN', keys.pausedTags, '0', 'COUNT', maxTags)[2])
for i, tag in ipairs(tags) do tags[i] = describeTag(tag) end

return {
  string.format('%.0f', nowMs()), rcall('GET', lockKey) or '', rcall('PTTL', lockKey), rcall('GET', KEYS[4]) or '',
  { rcall('LLEN', keys.ring), rcall('ZCARD', keys.parked), rcall('SCARD', keys.pausedTags) }, workers, tags,
}
