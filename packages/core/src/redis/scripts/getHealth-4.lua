--[[
  Who leads, and which tag has waited longest for a worker. Reads only, and a bounded number of tags: of those that are ready,
  and of what was added and not taken in. A task waits since it was due, or since its latest attempt began.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  KEYS[4]  leader info (JSON)
  ARGV[4]  how many ready tags to look at
  ARGV[5]  longest data to read for a tag, in bytes
  Returns  { lock value or "", PTTL of the lock (-2: none), leader info or "", ms of Redis' clock, tag that has waited longest
           (false: none), since when in ms }
]]
--- @include "includes/taskTag"

local MAX_OPTIONS_BYTES = 8192

local function delayOf(id)
  if rcall('HSTRLEN', jobKey(id), 'opts') > MAX_OPTIONS_BYTES then return 0 end
  local ok, options = pcall(cjson.decode, rcall('HGET', jobKey(id), 'opts') or '{}')
  return ok and type(options) == 'table' and tonumber(options.delay) or 0
end

local oldestTag, oldestSince
local function look(id, tag)
  if not id or not isTask(id) then return end
  local times = rcall('HMGET', jobKey(id), 'timestamp', 'processedOn')
  local since = math.max((tonumber(times[1]) or 0) + delayOf(id), tonumber(times[2] or 0) or 0)
  if oldestSince and since >= oldestSince then return end
  oldestTag, oldestSince = tag or tagWithin(id, tonumber(ARGV[5])) or MALFORMED_TAG, since
end

for _, tag in ipairs(rcall('LRANGE', keys.ring, 0, ARGV[4] - 1)) do look(rcall('LINDEX', tagKey(tag), -1), tag) end
look(rcall('LINDEX', keys.wait, -1))

local now = nowMs()
return {
  rcall('GET', lockKey) or '', rcall('PTTL', lockKey), rcall('GET', KEYS[4]) or '', string.format('%.0f', now),
  oldestTag or false, oldestTag and string.format('%.0f', math.min(oldestSince, now)) or false,
}
