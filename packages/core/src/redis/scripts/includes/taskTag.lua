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

local function decodeTag(data)
  local ok, value = pcall(cjson.decode, data)
  if not ok or type(value) ~= 'table' then return nil, 'its data is not a JSON object' end
  if type(value.identifyTag) ~= 'string' then return nil, 'its data has no string "identifyTag"' end
  return value.identifyTag
end

local function tagOf(id, maxDataBytes, maxTagBytes)
  local key = jobKey(id)
  if maxDataBytes and rcall('HSTRLEN', key, 'data') > maxDataBytes then
    return nil, 'its data is larger than ' .. maxDataBytes .. ' bytes'
  end
  local data = rcall('HGET', key, 'data')
  if not data then return nil, 'it has no data' end
  local tag, reason
  if string.sub(data, 1, #DATA_HEAD) == DATA_HEAD then
    tag = jsonStringAt(data, #DATA_HEAD + 1)
    if not tag or string.find(tag, '\\', 1, true) then tag, reason = decodeTag(data) end
  else
    tag, reason = decodeTag(data)
  end
  if not tag then return nil, reason end
  if tag == '' then return nil, 'its identifyTag is empty' end
  if maxTagBytes and #tag > maxTagBytes then return nil, 'its identifyTag is longer than ' .. maxTagBytes .. ' bytes' end
  return tag
end

-- Malformed tasks are gathered under a tag that no task can have; workers fail them with the reason that `defa` holds.
local MALFORMED_TAG = ''
