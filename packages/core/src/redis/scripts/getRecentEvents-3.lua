--[[
  The latest entries of the event stream, the newest first, without results and payloads. Reads only; bounded by entries and
  by bytes.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  newest id to read: "+", or "(<id>" for what is older than that
  ARGV[5]  oldest id to read: a time in ms, or "(<id>" for what is newer than that
  ARGV[6]  how many entries to read
  ARGV[7]  how many bytes to read (a few entries are always read)
  Returns  { id of the oldest entry that was read, or "" when there are no older ones in the range; then entries }
           an entry: { id, event, values of the fields that are kept of that event... ("": none) }
]]
--- @include "includes/layout"

local FEW, MANY, SHORT_BYTES = 20, 200, 1000
local KEPT = {
  added = { 'jobId' }, waiting = { 'jobId', 'prev' }, delayed = { 'jobId' }, active = { 'jobId' },
  completed = { 'jobId' }, failed = { 'jobId' }, retried = { 'jobId' }, bound = { 'workerId', 'identifyTag', 'size' },
  released = { 'workerId', 'identifyTag', 'size', 'reason' }, recovered = { 'workerId', 'count' },
  leaderChanged = { 'nodeId', 'superseded' }, leaderless = { 'nodeId' }, paused = {}, resumed = {},
}

local newest, oldest, maxEntries, maxBytes = ARGV[4], ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local reply, seen, bytes = { '' }, 0, 0

local function keep(id, flat)
  local fields = {}
  for i = 1, #flat, 2 do
    fields[flat[i]] = flat[i + 1]
    bytes = bytes + #flat[i] + #flat[i + 1]
  end
  local kept = KEPT[fields.event]
  if not kept then return end
  local entry = { id, fields.event }
  for _, name in ipairs(kept) do entry[#entry + 1] = fields[name] or '' end
  reply[#reply + 1] = entry
end

-- Results are in the stream and can be large: many entries are read at once only where they have been short.
while true do
  local count = math.min(bytes <= seen * SHORT_BYTES and seen > 0 and MANY or FEW, maxEntries - seen)
  local page = rcall('XREVRANGE', keys.events, newest, oldest, 'COUNT', count)
  for _, entry in ipairs(page) do keep(entry[1], entry[2]) end
  seen = seen + #page
  if #page < count then return reply end
  newest = '(' .. page[#page][1]
  if seen >= maxEntries or bytes >= maxBytes then
    reply[1] = page[#page][1]
    return reply
  end
end
