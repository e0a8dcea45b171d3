--- @include "includes/layout"
--[[
  The queue's settings, read once per script, and its event stream, which BullMQ's QueueEvents reads. The stream is bounded by
  entries.
]]
local settings

-- { most events, paused, rate limit: max, duration }
local function queueSettings()
  settings = settings or rcall('HMGET', keys.meta, 'opts.maxLenEvents', 'paused', 'max', 'duration')
  return settings
end

local isTrimmed

-- The first event of a script trims the stream for all of them.
local function emit(event, ...)
  if isTrimmed then
    rcall('XADD', keys.events, '*', 'event', event, ...)
  else
    rcall('XADD', keys.events, 'MAXLEN', '~', queueSettings()[1] or '10000', '*', 'event', event, ...)
    isTrimmed = true
  end
end
