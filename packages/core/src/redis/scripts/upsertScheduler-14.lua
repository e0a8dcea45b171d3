--[[
  Adds or changes a job scheduler. Written by BullMQ's own script, which replaces the current iteration: wherever that waits,
  it is shown to it.

  Every instance may say at its start what is scheduled. So a scheduler whose timing stays as it was keeps its slot, also one
  that is overdue, and its count; one that has ended by its limit stays ended. And where its iteration has started without
  having made the next one yet (see advanceScheduler), only the template changes: the worker makes the next one, or whoever
  gets the task if that worker died.

  A codec may encode the same payload differently each time. So where nothing but an encoded payload differs, the iteration
  that waits gets the new text in its place.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  KEYS[4..14]  the keys of BullMQ's addJobScheduler (KEYS[4]: the schedulers, KEYS[6]: `wait`)
  ARGV[4..12]  the arguments of BullMQ's addJobScheduler (ARGV[4]: slot of a pattern, ARGV[5]: timing, ARGV[6]: id of the
               scheduler, ARGV[7], ARGV[8]: data and options of its tasks, ARGV[9]: options of the next one, ARGV[10]: the
               caller's clock, for which Redis' is taken)
  Returns      what BullMQ's script returns: { id of the next task, ms until then }
]]
--- @include "includes/schedules"
--- @bullmq "addJobScheduler"

local scheduler, theirs = ARGV[6], slice(ARGV, 4)
local timing, template, iteration = cmsgpack.unpack(ARGV[5]), cmsgpack.unpack(ARGV[8]), cmsgpack.unpack(ARGV[9])
local now, key = nowMs(), schedulerKey(scheduler)
theirs[7] = string.format('%.0f', now)

local function isSame(field, stored)
  local value = timing[field]
  if not value or not stored then return not value and not stored end
  if type(value) == 'number' then return tonumber(stored) == value end
  return stored == value
end

local function hasTiming()
  local fields = { 'pattern', 'every', 'tz', 'startDate', 'endDate', 'limit' }
  local stored = rcall('HMGET', key, unpack(fields))
  for i, field in ipairs(fields) do
    if not isSame(field, stored[i]) then return false end
  end
  return not timing.offset or isSame('offset', rcall('HGET', key, 'offset'))
end

local function encodedTask(json)
  local ok, data = pcall(cjson.decode, json or '')
  return ok and type(data) == 'table' and data.payloadEncoded == true and data
end

local function isEncodedAnew(stored)
  local before, after = encodedTask(stored), encodedTask(ARGV[7])
  return before and after and before.identifyTag == after.identifyTag and before.type == after.type
end

-- Whether the task is 'same', the same 'anew' in another encoding, or false.
local function compareTemplate()
  local stored = rcall('HMGET', key, 'name', 'data', 'opts')
  if stored[1] ~= timing.name or (stored[3] or '{}') ~= cjson.encode(template) then return false end
  if (stored[2] or '{}') == ARGV[7] then return 'same' end
  return isEncodedAnew(stored[2]) and 'anew'
end

local function setIteration(count)
  iteration['repeat'].count = count
  theirs[6] = cmsgpack.pack(iteration)
end

local slot = rcall('ZSCORE', KEYS[4], scheduler)
local id = slot and slotTask(scheduler, slot)
local state = id and slotState(id)
local isKept = state and hasTiming()
local count = tonumber(rcall('HGET', key, 'ic') or 1)
local isOver = isKept and state == 'ended' and timing.limit and count >= timing.limit

local compared = isKept and state ~= 'ended' and compareTemplate()
if isOver or compared == 'same' then return { id, math.max(0, tonumber(slot) - now) } end
if isKept and state == 'started' then
  goOnWhenFull()
  rcall('HSET', key, 'name', timing.name, 'data', ARGV[7], 'opts', cjson.encode(template))
  return { id, 0 }
end
if compared == 'anew' then
  goOnWhenFull()
  rcall('HSET', key, 'data', ARGV[7])
  rcall('HSET', jobKey(id), 'data', ARGV[7])
  return { id, math.max(0, tonumber(slot) - now) }
end
if isKept and state ~= 'ended' then
  theirs[1] = slot
  iteration.prevMillis = tonumber(slot)
  setIteration(count)
elseif isKept then
  count = count + 1
  setIteration(count)
else
  count = 1
  -- Where in its interval another interval had its slots.
  if id then rcall('HDEL', key, 'offset') end
end
showAsDelayed(id, state)
local reply = bullmq(slice(KEYS, 4), theirs)
if type(reply) == 'table' then
  rcall('HSET', key, 'ic', count)
  if timing.every then
    rcall('HSET', key, 'offset', string.format('%.0f', tonumber(rcall('ZSCORE', KEYS[4], scheduler)) % timing.every))
  end
end
return reply
