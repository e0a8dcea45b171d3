--- @include "includes/layout"
--[[
  Reads the tag of a task. QueueService writes the data with "identifyTag" first, so that the tag is found without decoding
  the payload; anything else is decoded. Returns the tag, or nil and the reason why the task has none.
]]
local DATA_HEAD = '{"identifyTag":"'

-- The raw text of the JSON string that begins at `from`, without its quotes, or nil.
local function jsonStringAt(data, from)
  local at = from
  while true do
    local stop = string.find(data, '["\\]', at)
    if not stop then return nil end
    if string.byte(data, stop) == 34 then return string.sub(data, from, stop - 1) end
    at = stop + 2
  end
end

local function decodeString(raw)
  local ok, value = pcall(cjson.decode, '["' .. raw .. '"]')
  return ok and value[1] or nil
end

-- The position after the JSON value that begins at `from`, or nil.
local function afterJsonValue(data, from)
  local depth, at = 0, from
  repeat
    at = string.find(data, depth > 0 and '["%[%]{}]' or '[^ \t\r\n]', at)
    local first = at and string.sub(data, at, at)
    if not first then return nil end
    if first == '"' then
      local text = jsonStringAt(data, at + 1)
      if not text then return nil end
      at = at + #text + 1
    elseif first == '{' or first == '[' then
      depth = depth + 1
    elseif depth > 0 then
      depth = depth - 1
    else
      at = (string.find(data, '[,}]', at) or 1) - 1
    end
    at = at + 1
  until depth == 0
  return at
end

--[[
  Looks for the tag without decoding the rest, in JSON that cjson refuses and JSON.parse does not: nested deeper than 1,000,
  or with half a surrogate pair in it, as JavaScript writes when a text was cut in the middle of an emoji.
]]
local function findTag(data)
  local at, tag = string.match(data, '^%s*{()'), nil
  while at do
    local from = string.match(data, '^%s*"()', at)
    local name = from and jsonStringAt(data, from)
    local value = name and string.match(data, '^%s*:%s*()', from + #name + 1)
    local after = value and afterJsonValue(data, value)
    if not after then return nil end
    if decodeString(name) == 'identifyTag' then
      local raw = string.sub(data, value, value) == '"' and jsonStringAt(data, value + 1)
      tag = raw and decodeString(raw)
    end
    if string.find(data, '^%s*}%s*$', after) then return tag end
    at = string.match(data, '^%s*,()', after)
  end
  return nil
end

local function decodeTag(data)
  local ok, value = pcall(cjson.decode, data)
  if not ok then
    local tag = findTag(data)
    if tag then return tag end
    return nil, 'its data is no JSON object with a string "identifyTag"'
  end
  if type(value) ~= 'table' then return nil, 'its data is not a JSON object' end
  if type(value.identifyTag) ~= 'string' then return nil, 'its data has no string "identifyTag"' end
  return value.identifyTag
end

-- The tag in a task's data of so many bytes; data that are over the limit need not be given.
local function readTag(data, bytes, maxDataBytes, maxTagBytes)
  if maxDataBytes and bytes > maxDataBytes then
    return nil, 'its data is larger than ' .. maxDataBytes .. ' bytes'
  end
  if not data then return nil, 'it has no data' end
  local tag, reason
  if string.sub(data, 1, #DATA_HEAD) == DATA_HEAD then
    local stop = string.find(data, '"', #DATA_HEAD + 1, true)
    tag = stop and string.sub(data, #DATA_HEAD + 1, stop - 1)
    if tag and string.find(tag, '\\', 1, true) then
      local raw = jsonStringAt(data, #DATA_HEAD + 1)
      tag = raw and decodeString(raw)
    end
    if not tag then reason = 'its identifyTag is not a JSON string' end
  else
    tag, reason = decodeTag(data)
  end
  if not tag then return nil, reason end
  if tag == '' then return nil, 'its identifyTag is empty' end
  if maxTagBytes and #tag > maxTagBytes then return nil, 'its identifyTag is longer than ' .. maxTagBytes .. ' bytes' end
  return tag
end

local function tagOf(id) return readTag(rcall('HGET', jobKey(id), 'data')) end

-- The same, without reading data that are larger.
local function tagWithin(id, maxDataBytes)
  local bytes = rcall('HSTRLEN', jobKey(id), 'data')
  local data = bytes <= maxDataBytes and rcall('HGET', jobKey(id), 'data')
  return readTag(data, bytes, maxDataBytes)
end

-- Malformed tasks are gathered under a tag that no task can have; workers fail them with the reason that `defa` holds.
local MALFORMED_TAG, MALFORMED = '', 'malformed task: '

-- The tag under which a task is indexed, or will be.
local function indexedTagOf(id)
  local deferred = rcall('HGET', jobKey(id), 'defa')
  if deferred and string.sub(deferred, 1, #MALFORMED) == MALFORMED then return MALFORMED_TAG end
  return tagOf(id) or MALFORMED_TAG
end
