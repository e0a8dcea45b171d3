--[[
  Adds tasks at the end of the pending queue, in their order, as BullMQ's addStandardJob would one by one: tasks without delay,
  deduplication and parent. While `wait` is empty they are indexed at once, which is what the leader does with what it finds in
  `wait`; nothing of theirs can be overtaken then. An id that is kept already is not added again, so that a call whose reply was
  lost may be repeated. A full Redis refuses it as a whole.

  Looking for each id is needless where a call cannot have been executed before: where all of its ids are new, drawn by its
  caller, and it is not a repetition. That is what a chain is for, a key with the number of the latest call on it. A call
  that is on no living chain is granted one, whose name has never been before: it has an id that this call brought, which
  nobody else brings, and the time, which is another one when this call is repeated. The caller numbers its next calls on that
  chain 1, 2, 3… in the order in which it sends them. A call whose number is not the next one (it is repeated, or others went
  before it) ends the chain. So a chain with the number n - 1 has seen the calls 1 to n - 1, once each, and no other: the call
  n has never been executed, whatever was lost, repeated or late. When the key is gone (it expired, it was evicted), nobody
  makes it again. Every call that is not proved new by that is looked at id by id.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]   the chain, "" for none yet
  ARGV[5]   the number of this call on its chain, from 1; "" for a call on no chain, whose ids may be known to others
  ARGV[6]   how many kinds there are; what tasks have in common is sent once
  ARGV[7..] per kind its type, options (JSON) and timestamp (ms); then per task the number of its kind, id, tag and data
            (JSON); at most 1,000 tasks
  Returns   how many were added; { how many, name of the chain } when one was granted; INVALID_ARGUMENT
]]
--- @include "includes/tags"

local FIRST, PER_KIND, PER_TASK, MOST_TASKS = 7, 3, 4, 1000
local CHAIN_SECONDS = 60

local function callKey(ofChain) return base .. 'aff:call:' .. ofChain end

local given = ARGV -- a global name would be looked up again and again
local chain, callNumber, numberOfKinds = given[4], tonumber(given[5]), tonumber(given[6])
local firstTask = FIRST + (numberOfKinds or 0) * PER_KIND
local numberOfTasks = (#given + 1 - firstTask) / PER_TASK
if not numberOfKinds or numberOfTasks < 0 or numberOfTasks > MOST_TASKS or numberOfTasks % 1 ~= 0 then
  return INVALID_ARGUMENT
end
local kinds = {}
for number = 1, numberOfKinds do
  local at = FIRST + (number - 1) * PER_KIND
  kinds[tostring(number)] = { name = given[at], opts = given[at + 1], timestamp = given[at + 2] }
end
for at = firstTask, #given, PER_TASK do
  if not kinds[given[at]] then return INVALID_ARGUMENT end
end

-- Whether nothing of this call can be there already; if that is not certain, the name of a new chain.
local function proveNew()
  if not callNumber or numberOfTasks == 0 then return false end
  local latest = chain ~= '' and rcall('SET', callKey(chain), given[5], 'XX', 'EX', CHAIN_SECONDS, 'GET')
  --- @bug "a call that is repeated counts as new" if latest then return true end
  if latest and tonumber(latest) == callNumber - 1 then return true end
  if latest then rcall('DEL', callKey(chain)) end
  local time = rcall('TIME')
  local granted = table.concat({ given[firstTask + 1], time[1], time[2] }, ':')
  rcall('SET', callKey(granted), '0', 'EX', CHAIN_SECONDS)
  return false, granted
end
local isNew, granted = proveNew()

local paused, concurrency, maxEvents =
  unpack(rcall('HMGET', keys.meta, 'paused', 'concurrency', 'opts.maxLenEvents'))

-- The new ids, where each of them stands in `given`, and the ids that there are already.
local ids, places, duplicates = {}, {}, {}
local count = 0
if isNew then
  for at = firstTask, #given, PER_TASK do
    count = count + 1
    ids[count], places[count] = given[at + 1], at
  end
else
  -- Whether any of them is there already is asked once for all: as a rule none is.
  local allKeys, seen = {}, {}
  for at = firstTask, #given, PER_TASK do allKeys[#allKeys + 1] = jobKey(given[at + 1]) end
  local isAnyKept = #allKeys > 0 and rcall('EXISTS', unpack(allKeys)) > 0
  for n, key in ipairs(allKeys) do
    local at = firstTask + (n - 1) * PER_TASK
    local id = given[at + 1]
    --- @bug "an id that is there is added again" if seen[id] then
    if seen[id] or (isAnyKept and rcall('EXISTS', key) == 1) then
      duplicates[#duplicates + 1] = id
    else
      seen[id] = true
      count = count + 1
      ids[count], places[count] = id, at
    end
  end
end

-- The end of each tag's list, and what follows from that. A tag that a worker has is told to the leader, which may add to its
-- batch.
local function index()
  local idsByTag, tags, scores = {}, {}, {} -- of a tag with one task, which is usual, its id alone
  local seq = rcall('HINCRBY', ctlKey, 'seq', count) - count
  local format = string.format
  for number, id in ipairs(ids) do
    local tag = given[places[number] + 2]
    local ofTag = idsByTag[tag]
    if not ofTag then
      idsByTag[tag] = id
      tags[#tags + 1] = tag
    elseif type(ofTag) == 'string' then
      idsByTag[tag] = { ofTag, id }
    else
      ofTag[#ofTag + 1] = id
    end
    -- Redis formats a number slowly.
    scores[2 * number - 1], scores[2 * number] = format('%d', seq + number), id
    --- @witness "indexed", "id", id, "tag", tag, "seq", "0"
  end
  rcall('ZADD', keys.seq, unpack(scores))
  local owners = rcall('HMGET', keys.owners, unpack(tags))
  for number, tag in ipairs(tags) do
    local ofTag, list, isFirst = idsByTag[tag], tagKey(tag), false
    if type(ofTag) == 'string' then
      isFirst = rcall('LPUSH', list, ofTag) == 1
    else
      isFirst = rcall('LPUSH', list, unpack(ofTag)) == #ofTag
    end
    if isFirst then settle(tag, false, nil, not owners[number]) end
    if owners[number] then rcall('SADD', keys.touched, tag) end
  end
end

-- The hashes come after everything that could fail: an id without its hash is no task, and may be added again.
local isIndexed = rcall('EXISTS', keys.wait, keys.prioritized) == 0
if count > 0 then
  rcall('INCRBY', base .. 'id', count)
  if isIndexed then index() else rcall('LPUSH', keys.wait, unpack(ids)) end
end
for _, id in ipairs(duplicates) do
  rcall('XADD', keys.events, '*', 'event', 'duplicated', 'jobId', id)
end
local events = keys.events
for number, id in ipairs(ids) do
  local at = places[number]
  local kind = kinds[given[at]]
  local name = kind.name
  rcall('XADD', events, '*', 'event', 'added', 'jobId', id, 'name', name)
  -- BullMQ's event of a task that joins `wait`: those that are indexed at once do not.
  if not isIndexed then rcall('XADD', events, '*', 'event', 'waiting', 'jobId', id) end
  rcall('HSET', base .. id, 'name', name, 'data', given[at + 3], 'opts', kind.opts, 'timestamp', kind.timestamp, 'delay', '0',
    'priority', '0')
end
rcall('XTRIM', keys.events, 'MAXLEN', '~', maxEvents or 10000)

-- As BullMQ: nobody need look while the queue is paused or as many tasks run as may.
local isMaxed = concurrency and rcall('LLEN', keys.active) >= tonumber(concurrency)
if count > 0 and not paused and not isMaxed then wakeLeader() end
if granted then return { count, granted } end
return count
