--[[
  Tells the worker that runs a task to abort it.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  task id
  Returns  1 told, 0 no worker runs it
]]
--- @include "includes/batches"

local worker = rcall('HGET', jobKey(ARGV[4]), 'pb')
if not worker then return 0 end
local meta = workerMeta(worker, 'cur', 'marker')
if meta[1] ~= ARGV[4] then return 0 end
rcall('ZADD', meta[2], 0, 'cancel:' .. worker .. ':' .. ARGV[4])
return 1
