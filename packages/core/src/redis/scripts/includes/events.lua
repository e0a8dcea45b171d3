--- @include "includes/layout"
--[[
  Appends to the queue's event stream, which BullMQ's QueueEvents reads. It is bounded by entries.
]]
local maxEvents

local function emit(event, ...)
  maxEvents = maxEvents or rcall('HGET', keys.meta, 'opts.maxLenEvents') or 10000
  rcall('XADD', keys.events, 'MAXLEN', '~', maxEvents, '*', 'event', event, ...)
end
