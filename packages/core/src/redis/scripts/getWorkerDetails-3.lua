--[[
  The registered workers, and what each of them has.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  at most so many workers
  Returns  per worker { worker, registry entry (JSON), tag of its batch, tasks in its batch, taken of it, current task, waiting
           in its batch, tag of its look-ahead, leaving (0 | 1) }; "" for what there is not
]]
--- @include "includes/batches"

local workers = rcall('HKEYS', registryKey)
table.sort(workers)
local rows = {}
for i = 1, math.min(#workers, tonumber(ARGV[4])) do
  local worker = workers[i]
  local meta = workerMeta(worker, 'tag', 'batch', 'fence', 'ntag', 'leaving')
  local at = standingOf(worker)
  rows[#rows + 1] = {
    worker, rcall('HGET', registryKey, worker), meta[1] or '', meta[2] or '0', tostring(takenOf(at, meta[3])), at.id or '',
    rcall('LLEN', workerKey(worker, 'wait')), meta[4] or '', meta[5] and 1 or 0,
  }
end
return rows
