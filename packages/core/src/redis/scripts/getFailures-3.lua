--[[
  A page of the failed tasks with their reasons, those that failed last come first. Reads only; bounded by tasks and by bytes.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  position to begin at
  ARGV[5]  how many tasks to look at
  ARGV[6]  how many bytes of task data to read, to find their tags
  ARGV[7]  how many bytes of a reason, and of a type
  Returns  { failed tasks in all; then tasks }
           a task: { id, type, tag (nil: none, or not read), reason, attempts made, when it failed in ms }
]]
--- @include "includes/taskTag"

local bytesLeft, maxTextBytes = tonumber(ARGV[6]), tonumber(ARGV[7])
local reply = { rcall('ZCARD', base .. 'failed') }

local function text(value) return string.sub(value or '', 1, maxTextBytes) end

for _, id in ipairs(rcall('ZREVRANGE', base .. 'failed', ARGV[4], ARGV[4] + ARGV[5] - 1)) do
  if isTask(id) then
    local name, reason, made, finishedOn = unpack(rcall('HMGET', jobKey(id), 'name', 'failedReason', 'atm', 'finishedOn'))
    local tag = tagWithin(id, bytesLeft)
    if tag then bytesLeft = bytesLeft - rcall('HSTRLEN', jobKey(id), 'data') end
    reply[#reply + 1] = { id, text(name), tag or false, text(reason), made or '0', finishedOn or '0' }
  end
end
return reply
