--[[
  The tags that have tasks or workers, a bounded number of each kind: bound, ready, backing off, paused. A tag comes once. Those
  whose tasks have not been taken in yet are in none of these.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  ARGV[4]  how many tags of each kind
  Returns  per tag { tag, waiting in it, waiting in the batches of its workers, running, paused (0 | 1), end of its back-off in
           ms (-1: none), since when its first task is in the queue in ms (-1: none waits in it), workers separated by spaces }
]]
--- @include "includes/batches"

local limit = tonumber(ARGV[4])
local seen, tags = {}, {}
local function add(tag)
  if seen[tag] then return end
  seen[tag] = true
  local dispatched, running = 0, 0
  local owners, named = {}, {}
  for _, worker in ipairs(ownersOf(tag)) do
    if not named[worker] then
      named[worker] = true
      owners[#owners + 1] = worker
      local meta = workerMeta(worker, 'tag', 'ntag')
      if meta[1] == tag then
        dispatched = dispatched + rcall('LLEN', workerKey(worker, 'wait'))
        if standingOf(worker).id then running = running + 1 end
      end
      if meta[2] == tag then dispatched = dispatched + rcall('LLEN', workerKey(worker, 'next')) end
    end
  end
  local first = rcall('LINDEX', tagKey(tag), -1)
  local since = first and rcall('HGET', jobKey(first), 'timestamp') or '-1'
  tags[#tags + 1] = {
    tag, rcall('LLEN', tagKey(tag)), dispatched, running, rcall('SISMEMBER', keys.pausedTags, tag),
    rcall('ZSCORE', keys.parked, tag) or '-1', since, table.concat(owners, ' '),
  }
end

-- There are no more bound tags than workers have batches and look-aheads.
local bound = rcall('HKEYS', keys.owners)
for i = 1, math.min(#bound, limit) do add(bound[i]) end
for _, tag in ipairs(rcall('LRANGE', keys.ring, 0, limit - 1)) do add(tag) end
for _, tag in ipairs(rcall('ZRANGE', keys.parked, 0, limit - 1)) do add(tag) end
for _, tag in ipairs(rcall('SRANDMEMBER', keys.pausedTags, limit)) do add(tag) end
return tags
