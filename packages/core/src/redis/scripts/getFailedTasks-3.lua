--[[
  A page of the failed tasks, those that failed first come first. Bounded by tasks and by bytes.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  position to begin at
  ARGV[5]  how many tasks to look at
  ARGV[6]  how many bytes of task data to read (at least one task is looked at)
  ARGV[7]  only tasks of this tag, "": of any
  ARGV[8]  1: with the tasks' data
  Returns  { looked at, then per task: id, name, data or "", finishedOn, sequence number or "" }
]]
--- @include "includes/taskTag"

local maxBytes, onlyTag, withData = tonumber(ARGV[6]), ARGV[7], ARGV[8] == '1'
local reply, bytes = { 0 }, 0

local function append(id)
  local name, finishedOn, seq = unpack(rcall('HMGET', jobKey(id), 'name', 'finishedOn', 'aff:seq'))
  local data = withData and rcall('HGET', jobKey(id), 'data') or ''
  for _, value in ipairs({ id, name or '', data, finishedOn or '0', seq or '' }) do reply[#reply + 1] = value end
end

for _, id in ipairs(rcall('ZRANGE', base .. 'failed', ARGV[4], ARGV[4] + ARGV[5] - 1)) do
  reply[1] = reply[1] + 1
  if isTask(id) then
    if withData or onlyTag ~= '' then bytes = bytes + rcall('HSTRLEN', jobKey(id), 'data') end
    if onlyTag == '' or tagOf(id) == onlyTag then append(id) end
    if bytes >= maxBytes then break end
  end
end
return reply
